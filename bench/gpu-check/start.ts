// Measures the time from nothing to a device that has trained one step and generated one token, in two processes that
// share an empty cache. The first compiles every kernel that a run in that precision uses; the second finds them on
// disk. The model is small, but its heads have the size of GPT-2's and DialoGPT's, which decides which attention is
// compiled.
//
//     node dist/bench/gpu-check/start.js --device cuda --precision bf16

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Device, Precision } from '../../src/device/device.js';
import { selectDevice } from '../../src/device/select.js';
import { presetConfig } from '../../src/nn/gpt2-config.js';
import { buildLearner } from '../../src/train/learner.js';
import { fullBatch } from '../full-batch.js';
import { initializeLearner, learnerSettings } from '../learner.js';
import { precisionOf, seconds } from '../measure.js';

export interface StartResult {
  readonly coldSeconds: number;
  readonly warmSeconds: number;
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    once: { type: 'boolean', default: false },
  },
});

if (values.once) {
  const device = await selectDevice(values.device);
  trainAndTalk(device, precisionOf(values.precision));
  device.dispose();
} else {
  const cache = mkdtempSync(join(tmpdir(), 'gpu-check-cache-'));
  try {
    const result: StartResult = { coldSeconds: once(cache), warmSeconds: once(cache) };
    console.log(JSON.stringify(result));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

function trainAndTalk(device: Device, precision: Precision): void {
  const config = { ...presetConfig('tiny', 1000), nLayer: 1, nHead: 2 };
  const [rows, length] = [2, 64];
  const learner = initializeLearner(
    buildLearner(device, config, {
      ...learnerSettings,
      precision,
      capacity: rows * length,
      gradientCheckpointing: false,
      samples: true,
    }),
  );
  const { pass, optimizer, decoder } = learner;
  const random = { seed: 1n, microStep: 0 };
  pass.accumulate(fullBatch(rows, length, config.vocabSize), 1 / (rows * length), random);
  optimizer.update(5e-5).wait();
  const [loss = Number.NaN] = device.download(pass.lossSum);
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  decoder?.prompt([1, 2, 3]);
  decoder?.advance([4]);
}

function once(cache: string): number {
  return seconds(() => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        ...[fileURLToPath(import.meta.url), '--once'],
        ...['--device', values.device, '--precision', values.precision],
      ],
      { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: cache, TMPDIR: cache } },
    );
    if (status !== 0) throw new Error(stderr.trimEnd().slice(-2000));
  });
}
