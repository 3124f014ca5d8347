import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, UserError } from '../../src/errors.js';
import { helpText, readFlags } from './options.js';
import { parts } from './step.js';

test('without flags, everything runs', () => {
  const asked = readFlags([]);
  assert.ok(asked !== 'help');
  assert.deepEqual([asked.device, asked.only, asked.minutes, asked.rounds], ['cuda', parts, 60, 2]);
  assert.deepEqual([asked.data, asked.output, asked.smoke], [undefined, undefined, false]);
});

test('flags are accepted in both spellings', () => {
  const asked = readFlags([
    '--device=cuda:1',
    '--only',
    'run,bench',
    '--minutes',
    '7',
    '--smoke',
    '--data',
    'x',
  ]);
  assert.ok(asked !== 'help');
  assert.deepEqual([asked.device, asked.only, asked.minutes], ['cuda:1', ['run', 'bench'], 7]);
  assert.deepEqual([asked.smoke, asked.data], [true, 'x']);
});

test('--help names every flag, on lines of at most 160 characters', () => {
  assert.equal(readFlags(['--smoke', '--help', '--minutes', 'many']), 'help');
  const lines = helpText().split('\n');
  for (const flag of ['device', 'only', 'minutes', 'rounds', 'python', 'data', 'output', 'smoke', 'help'])
    assert.equal(lines.filter((line) => line.startsWith(`  --${flag} `)).length, 1, flag);
  assert.ok(lines.every((line) => line.length <= 160));
});

test('a wrong flag gives one sentence', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['--minuts', '7'], 'gpu-check has no flag "--minuts" (did you mean --minutes?); --help lists them.'],
    [['-x'], 'gpu-check has no flag "-x"; --help lists them.'],
    [['bench'], 'gpu-check takes flags only, not "bench"; --help lists them.'],
    [['--minutes', '0'], '--minutes is a number above 0, not "0".'],
    [['--rounds', 'Infinity'], '--rounds is a number above 0, not "Infinity".'],
    [['--minutes'], '--minutes needs a value; --help says which.'],
    [['--data='], '--data needs a value; --help says which.'],
    [['--device', 'cpu'], '--device is cuda or cuda:N, not "cpu".'],
    [['--only', 'run,benches'], `--only: there is no part "benches"; there are ${parts.join(', ')}.`],
  ];
  for (const [words, message] of cases)
    assert.throws(
      () => readFlags(words),
      (thrown) => {
        assert.ok(thrown instanceof UserError);
        assert.equal(thrown.message, message);
        assert.equal(thrown.exitCode, ExitCode.usage);
        return true;
      },
    );
});
