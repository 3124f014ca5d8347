import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { sampleText } from '../../test/option-samples.js';
import { chatOptions } from '../config/chat-options.js';
import { completeOptions } from '../config/schema.js';
import { trainOptions } from '../config/train-options.js';
import { entriesOf, flagOf, kebab, type OptionSpec } from '../option-spec.js';
import { addOptions, givenFlags, unknownFlag } from './flags.js';

function parse(...words: string[]) {
  const command = new Command().exitOverride();
  addOptions(command, trainOptions);
  command.parse(words, { from: 'user' });
  return givenFlags(command, trainOptions);
}

/** A value other than the default, as words of a command line and as what they mean. */
function sampleOf(spec: Exclude<OptionSpec, { type: 'switch' }>): readonly [words: string[], value: unknown] {
  switch (spec.type) {
    case 'integer':
      return [['7'], 7];
    case 'number':
      return [['2.5e-1'], 0.25];
    case 'choice':
      return [[String(spec.choices.at(-1))], spec.choices.at(-1)];
    case 'list':
      return spec.onePerFlag
        ? [['one'], ['one']]
        : [
            ['one', 'two'],
            ['one', 'two'],
          ];
    case 'optional-text':
      return [['some/folder'], 'some/folder'];
    case 'text':
      return [[sampleText(spec)], sampleText(spec)];
    default:
      return spec satisfies never;
  }
}

for (const [key, spec] of entriesOf(trainOptions)) {
  test(`${flagOf(trainOptions, key)} parses to its value`, () => {
    if (spec.type === 'switch') {
      for (const [flag, value] of [
        [`--${kebab(key)}`, true],
        [`--no-${kebab(key)}`, false],
      ] as const)
        assert.equal(completeOptions(trainOptions, [parse(flag)])[key], value);
      return;
    }
    const [words, value] = sampleOf(spec);
    for (const flag of [kebab(key), spec.alias ?? kebab(key)])
      assert.deepEqual(completeOptions(trainOptions, [parse(`--${flag}`, ...words)])[key], value);
  });
}

test('what is not given is not there', () => {
  assert.equal(parse().size, 0);
});

test('lists grow with every flag', () => {
  assert.deepEqual(parse('--data', 'a', 'b', '--seed', '1', '--data', 'c').get('data')?.value, [
    'a',
    'b',
    'c',
  ]);
});

test('--resume works alone', () => {
  assert.equal(parse('--resume', '--seed', '1').get('resume')?.value, true);
});

test('a negative number is a value, the next flag is not', () => {
  assert.equal(parse('--max-steps', '-1').get('maxSteps')?.value, -1);
  assert.throws(() => parse('--model', '--seed'), /--model needs a value, but --seed follows it/);
});

function parseChat(...words: string[]) {
  const command = new Command().exitOverride().allowExcessArguments();
  addOptions(command, chatOptions);
  command.parse(words, { from: 'user' });
  return givenFlags(command, chatOptions);
}

test('a word of its own is an option like the others, wherever it stands', () => {
  for (const words of [
    ['results/mine', '--top-k', '3'],
    ['--top-k', '3', 'results/mine'],
  ]) {
    const given = parseChat(...words);
    assert.equal(given.get('model')?.value, 'results/mine');
    assert.equal(given.get('topK')?.value, 3);
  }
  assert.equal(parseChat('--greedy').has('model'), false);
});

test('a list of one value a flag leaves the next word alone', () => {
  const given = parseChat('--stop', 'You:', '--stop', '\n', 'results/mine');
  assert.deepEqual(given.get('stop')?.value, ['You:', '\n']);
  assert.equal(given.get('model')?.value, 'results/mine');
});

test('a message may begin with dashes, but is not the next flag', () => {
  assert.equal(parseChat('--prompt', '-- or so').get('prompt')?.value, '-- or so');
  assert.deepEqual(parseChat('--stop', '--').get('stop')?.value, ['--']);
  assert.throws(() => parseChat('--prompt', '--json'), /--prompt needs a value, but --json follows it/);
  assert.throws(() => parseChat('--stop', '--seed=1'), /--stop needs a value, but --seed=1 follows it/);
});

test('only decimal numbers are numbers', () => {
  for (const text of ['', ' ', '0x10', '1_000', 'Infinity', 'NaN', '1e', '5 ', '1,5'])
    assert.throws(
      () => completeOptions(trainOptions, [parse(`--learning-rate=${text}`)]),
      /must be a number above 0/,
      text,
    );
  for (const text of ['5', '5.', '.5', '5e-5', '+5E+2'])
    assert.equal(completeOptions(trainOptions, [parse('--learning-rate', text)]).learningRate, Number(text));
});

test('an unknown flag is answered with the nearest one', () => {
  const command = new Command('chatbot-train');
  addOptions(command, trainOptions);
  assert.equal(unknownFlag('--epoch', command).message, 'unknown flag --epoch; did you mean --epochs?');
  assert.equal(
    unknownFlag('--learning_rate=1', command).message,
    'unknown flag --learning_rate=1; did you mean --learning-rate?',
  );
  assert.equal(unknownFlag('-q', command).message, 'unknown flag -q; chatbot-train --help lists all flags');
});

test('a flag for an argument is refused with the right form', () => {
  const command = new Command('chatbot-chat');
  addOptions(command, chatOptions);
  assert.equal(
    unknownFlag('--model=results/mine', command).message,
    'unknown flag --model=results/mine; give the model without a flag: chatbot-chat <model>',
  );
});
