import assert from 'node:assert/strict';
import { it } from 'node:test';
import { withFlags } from './cli/flag-names.js';
import { messageOf, UserError } from './errors.js';
import { option, options, training, withProperties } from './option-names.js';

const cases: readonly (readonly [marked: string, flags: string, properties: string])[] = [
  [option('maxLength'), '--max-length', 'maxLength'],
  [option('device', 'cpu'), '--device cpu', "device: 'cpu'"],
  [option('perDeviceTrainBatchSize', 2), '--per-device-train-batch-size 2', 'perDeviceTrainBatchSize: 2'],
  [option('resume', true), '--resume', 'resume: true'],
  [option('packing', false), '--no-packing', 'packing: false'],
  [
    training({ model: 'tiny', reverse: true }),
    'chatbot-train --model tiny --reverse',
    "train({ model: 'tiny', reverse: true })",
  ],
  [options({ maxLength: 64, dropout: 0 }), '--max-length 64 --dropout 0', 'maxLength: 64, dropout: 0'],
  [training({}), 'chatbot-train', 'train()'],
  [option('model', '\ufdd0a"\ufdd1'), '--model a"', "model: 'a\"'"],
];

it('spells an option as a flag or as a property', () => {
  for (const [marked, flags, properties] of cases) {
    assert.equal(withFlags(`use ${marked}.`), `use ${flags}.`);
    assert.equal(withProperties(`use ${marked}.`), `use ${properties}.`);
  }
});

it('keeps the marks of an error for those who spell them as flags, also where it is quoted', () => {
  const error = new UserError('out-of-memory', `lower ${option('maxLength')}`);
  assert.equal(error.message, 'lower maxLength');
  const quoting = new UserError('out-of-memory', `no device: ${messageOf(error)}`);
  assert.equal(quoting.message, 'no device: lower maxLength');
  assert.equal(withFlags(quoting.sentence), 'no device: lower --max-length');
});

it('leaves foreign text between marks as it is', () => {
  for (const text of ['x', '{}', '{"options":1}', '[1]', 'null', '"a"', '[]'])
    for (const spell of [withFlags, withProperties])
      assert.equal(spell(`there is no folder \ufdd0${text}\ufdd1`), `there is no folder ${text}`);
});
