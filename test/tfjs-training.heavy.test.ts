// Whole commands on TensorFlow.js: a run reaches the loss of the CPU run, is repeatable to the bit, and its model can chat.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './repository.js';
import { chatbotTrain, makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';

const root = scratchFolder('tfjs-training');
const model = makeTinyModel(join(root, 'model'));
const data = makeTinyCorpus(join(root, 'chats.json'), 60);

async function train(
  device: string,
  name = device,
): Promise<{ evalLoss: number; weights: Buffer; output: string }> {
  const output = join(root, name.replace(':', '-'));
  const { code, stdout, stderr } = await chatbotTrain([
    ...['--model', model, '--data', data, '--output-dir', output, '--device', device, '--json', '--quiet'],
    ...[
      '--max-length',
      '48',
      '--max-steps',
      '12',
      '--learning-rate',
      '2e-3',
      '--dropout',
      '0.1',
      '--eval-steps',
      '12',
    ],
  ]);
  assert.equal(code, 0, stderr);
  const losses = [...stdout.matchAll(/"eval_loss":([0-9.]+)/g)];
  return {
    evalLoss: Number(losses.at(-1)?.[1]),
    weights: readFileSync(join(output, 'model.safetensors')),
    output,
  };
}

test('a run on WebAssembly reaches the loss of the CPU run, is bit-identical when repeated, and its model chats', async () => {
  const [cpu, wasm, again] = [
    await train('cpu'),
    await train('tfjs:wasm'),
    await train('tfjs:wasm', 'again'),
  ];
  assert.ok(Math.abs(wasm.evalLoss / cpu.evalLoss - 1) < 1e-3, `${wasm.evalLoss} and ${cpu.evalLoss}`);
  assert.deepEqual(again.weights, wasm.weights);
  const said = ['tfjs:wasm', 'tfjs:cpu', 'cpu'].map((device) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(repositoryRoot, 'dist/src/cli/chat/main.js'),
        ...[
          wasm.output,
          '--device',
          device,
          '--precision',
          'fp32',
          '--greedy',
          '--max-new-tokens',
          '12',
          '--json',
        ],
      ],
      { encoding: 'utf8', input: 'hello\nhow are you\n', env: { ...process.env, HF_HUB_OFFLINE: '1' } },
    );
    assert.equal(status, 0, stderr);
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line).reply]));
  });
  assert.equal(said[0]?.length, 2);
  assert.deepEqual(said[0], said[2]);
  assert.deepEqual(said[1], said[2]);
});
