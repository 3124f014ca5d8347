// Compares steps per second of a small model on our CPU device and on the installed TensorFlow.js backends. The devices
// alternate, each in a separate process.
//
//     node dist/bench/tfjs.js --rounds 3

import { parseArgs } from 'node:util';
import { backendNames, isNative, packages } from '../src/device/tfjs/backends.js';
import { findPackage } from '../src/files/installed-package.js';
import { measure, median, program } from './measure.js';
import type { StepResult } from './train-step.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'tiny' },
    tokens: { type: 'string', default: '128' },
    steps: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
  },
});
const { model, tokens, steps, threads } = values;
const installed = backendNames.filter((name) => !isNative(name) || findPackage(packages[name]) !== undefined);
const devices = ['cpu', ...installed.map((name) => `tfjs:${name}`)];
const words = ['--model', model, '--tokens', tokens, '--steps', steps, '--threads', threads];

const results = new Map<string, StepResult[]>(devices.map((device) => [device, []]));
for (let round = Number(values.rounds); round > 0; round--)
  for (const [device, measured] of results)
    measured.push(
      measure<StepResult>(process.execPath, [program('train-step'), '--device', device, ...words]),
    );

const perSecond = (device: string) =>
  median((results.get(device) ?? []).map(({ tokensPerSecond }) => tokensPerSecond / Number(tokens)));
const best = perSecond('cpu');
console.log('| device | steps/s | of the CPU device | what computes |\n|---|---|---|---|');
for (const [device, [first]] of results) {
  const rate = perSecond(device);
  console.log(`| ${device} | ${rate.toFixed(2)} | ${(rate / best).toFixed(2)} | ${first?.device} |`);
}
