import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ExitCode, UserError } from '../src/errors.js';
import { quoted } from '../src/quote.js';
import { readOptions } from './options.js';

const subjects = [
  { name: 'step', about: 'steps' },
  { name: 'decode', about: 'replies' },
];

test('without flags, everything is measured twice, within 20 minutes', () => {
  const options = readOptions([], subjects);
  assert.ok(options !== 'help');
  assert.deepEqual([options.only, options.rounds, options.minutes], [['step', 'decode'], 2, 20]);
  assert.deepEqual([options.data, options.model, options.output, options.smoke], [...Array(3), false]);
});

test('flags are accepted in both spellings', () => {
  const options = readOptions(['--only=decode', '--rounds', '3', '--minutes=0.5', '--smoke'], subjects);
  assert.ok(options !== 'help');
  assert.deepEqual([options.only, options.rounds, options.minutes], [['decode'], 3, 0.5]);
  assert.equal(options.smoke, true);
});

test('a wrong flag gives one sentence', () => {
  const here = fileURLToPath(import.meta.url);
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['--minuts', '7'], 'bench has no flag "--minuts" (did you mean --minutes?); --help lists them.'],
    [['step'], 'bench accepts only flags, not "step"; --help lists them.'],
    [['--rounds', '0'], '--rounds must be a number above 0, not "0".'],
    [['--minutes'], '--minutes needs a value; see --help.'],
    [
      ['--only', 'step,stp'],
      '--only: there is no measurement "stp" (did you mean step?); there are step, decode.',
    ],
    [['--data', 'nowhere.txt'], '--data: "nowhere.txt" does not exist.'],
    [['--output', here], `--output: ${quoted(here)} exists and is no report of the benchmark.`],
  ];
  for (const [words, message] of cases)
    assert.throws(
      () => readOptions(words, subjects),
      (thrown) => {
        assert.ok(thrown instanceof UserError);
        assert.equal(thrown.message, message);
        assert.equal(thrown.exitCode, ExitCode.usage);
        return true;
      },
    );
});
