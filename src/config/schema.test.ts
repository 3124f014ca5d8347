import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusal } from '../../test/refusal.js';
import { completeOptions } from './schema.js';
import { type TrainOption, trainOptions } from './train-options.js';

const here = (value: unknown) => ({ value, where: 'in run.yaml:3' });

const refusalOf = (key: TrainOption, value: unknown): string =>
  refusal('usage', () => completeOptions(trainOptions, [new Map([[key, here(value)]])]));

const refused: readonly (readonly [TrainOption, unknown, string])[] = [
  ['learningRate', 'fast', '--learning-rate is "fast" in run.yaml:3, but must be a number above 0'],
  ['learningRate', 0, '--learning-rate is 0 in run.yaml:3, but must be a number above 0'],
  ['learningRate', Number.NaN, '--learning-rate is NaN in run.yaml:3, but must be a number above 0'],
  ['adamBeta2', 1, '--adam-beta2 is 1 in run.yaml:3, but must be a number of at least 0 and below 1'],
  ['saveSteps', 2.5, '--save-steps is 2.5 in run.yaml:3, but must be a whole number of at least 1'],
  ['threads', 0, '--threads is 0 in run.yaml:3, but must be a whole number from 1 to 1024'],
  ['quiet', 'yes', '--quiet is "yes" in run.yaml:3, but must be true or false'],
  ['data', 7, '--data is 7 in run.yaml:3, but must be a path or a list of them'],
  ['data', ['a', 7], '--data is ["a",7] in run.yaml:3, but must be a path or a list of them'],
  ['model', '', '--model is "" in run.yaml:3, but must be a model'],
  ['resume', 3, '--resume is 3 in run.yaml:3, but must be true, false or a folder'],
  [
    'device',
    'gpu',
    '--device is "gpu" in run.yaml:3, but must be auto, cpu, cuda, cuda:N, tfjs or tfjs:BACKEND',
  ],
  [
    'lrSchedulerType',
    'cosin',
    '--lr-scheduler-type is "cosin" in run.yaml:3, but must be linear, cosine, constant or constant_with_warmup; did you mean cosine?',
  ],
];

for (const [key, value, message] of refused)
  test(`${key} ${JSON.stringify(value)} is refused with what is allowed and where it stood`, () => {
    assert.equal(refusalOf(key, value), message);
  });

test('devices are spelt alone or with a number or backend', () => {
  for (const device of ['auto', 'cpu', 'cuda', 'cuda:1', 'tfjs', 'tfjs:wasm'])
    assert.equal(completeOptions(trainOptions, [new Map([['device', here(device)]])]).device, device);
  for (const device of ['cuda:', 'cuda:x', 'cpu:1', 'cpu\n', 'tfjs:']) refusalOf('device', device);
});

test('a later layer lies over an earlier one', () => {
  const file = new Map<TrainOption, ReturnType<typeof here>>([
    ['seed', here(1)],
    ['saveSteps', here(10)],
  ]);
  const completed = completeOptions(trainOptions, [file, new Map([['seed', here(2)]])]);
  assert.equal(completed.seed, 2);
  assert.equal(completed.saveSteps, 10);
});

test('a long or hostile value is quoted short and without control characters', () => {
  const message = refusalOf('lossOn', `\u001b[2J\u009b${'x'.repeat(5000)}`);
  assert.ok(message.length < 250);
  assert.doesNotMatch(message, /\p{Cc}/u);
});
