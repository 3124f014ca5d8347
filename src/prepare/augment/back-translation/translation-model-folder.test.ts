import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FakeHub } from '../../../../test/fake-hub.js';
import { translationModelFolder } from './translation-model-folder.js';

const scratch = mkdtempSync(join(tmpdir(), 'translation-models-'));
const hub = new FakeHub();
before(() => hub.start());
after(async () => {
  await hub.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const onHub = (names: readonly string[]) => {
  hub.files = new Map(names.map((name) => [name, Buffer.from(`content of ${name}`)]));
  hub.requests = [];
};
const files = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
let homes = 0;
const fetchFrom = (home: string, extra: Readonly<Record<string, string>> = {}) =>
  translationModelFolder('owner/name', {
    environment: { HF_HOME: home, HF_ENDPOINT: hub.endpoint, ...extra },
    retrySeconds: [],
  });
const newHome = () => join(scratch, String(homes++));

describe('a translation model of the hub', () => {
  const onnx = ['onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'];

  it('is downloaded without what is not needed, and then found without the network', async () => {
    onHub([...files, ...onnx, 'pytorch_model.bin', 'onnx/encoder_model_quantized.onnx']);
    const home = newHome();
    const folder = await fetchFrom(home);
    for (const name of [...files, ...onnx])
      assert.equal(readFileSync(join(folder, name), 'utf8'), `content of ${name}`);
    assert.equal(existsSync(join(folder, 'pytorch_model.bin')), false);
    assert.equal(existsSync(join(folder, 'onnx/encoder_model_quantized.onnx')), false);
    hub.requests = [];
    assert.equal(await fetchFrom(home, { HF_HUB_OFFLINE: '1' }), folder);
    assert.deepEqual(hub.requests, []);
  });

  it('may have only quantized files', async () => {
    const quantized = onnx.map((name) => name.replace('.onnx', '_quantized.onnx'));
    onHub([...files, ...quantized]);
    const folder = await fetchFrom(newHome());
    for (const name of quantized) assert.ok(existsSync(join(folder, name)), name);
  });

  it('that is not converted is refused', async () => {
    onHub(['config.json', 'source.spm', 'pytorch_model.bin']);
    await assert.rejects(fetchFrom(newHome()), {
      code: 'model-incomplete',
      message: /owner\/name lacks the file "tokenizer\.json"/,
    });
  });

  it('is not downloaded offline', async () => {
    await assert.rejects(fetchFrom(newHome(), { HF_HUB_OFFLINE: '1' }), { code: 'hub-offline' });
  });
});

it('a folder is used as it is', async () => {
  assert.equal(await translationModelFolder(scratch), scratch);
});

it('a misspelt folder is not looked for on the hub', async () => {
  await assert.rejects(translationModelFolder('./modles/opus'), {
    code: 'model-not-found',
    message: /there is no folder "\.\/modles\/opus" with a translation model/,
  });
});
