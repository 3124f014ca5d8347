// Decoding on the CUDA device: a step is one graph replay, and the padding of the logits is invisible to callers. On
// the emulated card.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import type { Device } from '../src/device/device.js';
import { DecodingPass } from '../src/nn/decoding-pass.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { parseGPT2Config } from '../src/nn/gpt2-config.js';
import { LmHead } from '../src/nn/lm-head.js';
import { askedOfDevice } from './asked-of-device.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { goldenWeights } from './golden-model.js';
import { repositoryRoot } from './repository.js';

const golden: { readonly config: Record<string, unknown>; readonly names: readonly string[] } = JSON.parse(
  readFileSync(join(repositoryRoot, 'test/goldens/gpt2/plain.json'), 'utf8'),
);
const config = parseGPT2Config(golden.config, 'plain');

const devices: Device[] = [];
after(() => {
  for (const device of devices) device.dispose();
});

function decoder(device: Device) {
  devices.push(device);
  const model = new GPT2(device, config, { trainable: false });
  golden.names.forEach((name, index) => {
    const { size } = model.parameters.get(name).value;
    model.parameters.load(device, name, goldenWeights(name, size, index + 1));
  });
  return { model, pass: new DecodingPass(model, { sequences: 3, contextLength: config.nPositions }) };
}

test('a decoding step uploads its integers, replays one graph and downloads its logits', () => {
  const device = createEmulatedDevice();
  const { pass } = decoder(device);
  pass.prompt([5, 6, 7]);
  // The first step runs directly; the second is captured.
  for (const tokens of [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8],
    [9, 1],
  ])
    pass.advance(tokens);
  const { counts, replays } = askedOfDevice(device, () => {
    for (const tokens of [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8],
      [2, 3, 4],
      [9, 1],
    ])
      pass.advance(tokens);
  });
  assert.deepEqual(counts, { upload: 5, replay: 5, download: 5 });
  const [three, two] = ['advance 3', 'advance 2'];
  assert.deepEqual(
    replays.map(([owner, key]) => [owner === pass, key]),
    [three, three, two, three, two].map((key) => [true, key]),
  );
});

test('logits are padded to a multiple of 128 on the card, and callers see only the vocabulary', () => {
  const card = decoder(createEmulatedDevice());
  assert.ok(config.vocabSize % 128 !== 0);
  const { width } = new LmHead(card.model.device, card.model.parameters, config, 4);
  assert.equal(width, Math.ceil(config.vocabSize / 128) * 128);
  const others = decoder(createCpuDevice({ threads: 2 }));
  const run = ({ pass }: typeof card) => [pass.prompt([5, 6, 7]), pass.advance([1, 2, 3])];
  const [logits, expected] = [run(card), run(others)];
  for (const [at, values] of logits.entries()) {
    assert.equal(values.length, (at === 0 ? 1 : 3) * config.vocabSize);
    for (const [index, value] of values.entries()) {
      const other = expected[at]?.[index] ?? Number.NaN;
      assert.ok(Math.abs(value - other) < 1e-4, `${at}, ${index}: ${value} and ${other}`);
    }
  }
});
