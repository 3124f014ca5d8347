import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textEncodings } from '../corpus/text-encodings.js';
import { entriesOf, flagOf, kebab, type OptionSpec } from '../option-spec.js';
import { completeOptions } from './schema.js';
import { trainOptions } from './train-options.js';

test('no two options share a flag or an alias', () => {
  const names = entriesOf(trainOptions).flatMap(([key, spec]) => [
    kebab(key),
    ...(spec.alias ? [spec.alias] : []),
  ]);
  assert.equal(new Set(names).size, names.length);
});

test('every default is a value that the schema takes', () => {
  const completed: Record<string, unknown> = { ...completeOptions(trainOptions, []) };
  for (const [key, spec] of entriesOf(trainOptions)) assert.deepEqual(completed[key], spec.default, key);
});

test('defaults are those of the Hugging Face Trainer', () => {
  const trainer = {
    numTrainEpochs: 3,
    maxSteps: -1,
    perDeviceTrainBatchSize: 8,
    gradientAccumulationSteps: 1,
    learningRate: 5e-5,
    lrSchedulerType: 'linear',
    warmupSteps: 0,
    weightDecay: 0,
    adamBeta1: 0.9,
    adamBeta2: 0.999,
    adamEpsilon: 1e-8,
    maxGradNorm: 1,
    labelSmoothingFactor: 0,
    seed: 42,
    saveSteps: 500,
    saveTotalLimit: null,
  };
  const table: Record<string, OptionSpec> = trainOptions;
  for (const [key, value] of Object.entries(trainer)) assert.equal(table[key]?.default, value, key);
});

test('an option that is null says in words what that comes to', () => {
  for (const [key, spec] of entriesOf(trainOptions)) if (spec.default === null) assert.ok(spec.unset, key);
});

test('help is at most 160 characters of whole sentences', () => {
  for (const [key, spec] of entriesOf(trainOptions)) {
    assert.match(spec.help, /^[A-Z].*\.$/, key);
    assert.ok(spec.help.length <= 160, key);
  }
});

test('a flag is the key in kebab-case, and the negation of a switch that is on', () => {
  assert.equal(flagOf(trainOptions, 'perDeviceTrainBatchSize'), '--per-device-train-batch-size');
  assert.equal(flagOf(trainOptions, 'adamBeta1'), '--adam-beta1');
  assert.equal(flagOf(trainOptions, 'packing'), '--no-packing');
});

test('--encoding takes every encoding that files are read in', () => {
  assert.deepEqual(trainOptions.encoding.choices, textEncodings);
});
