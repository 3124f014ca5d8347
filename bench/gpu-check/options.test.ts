import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, UserError } from '../../src/errors.js';
import { helpText, readFlags } from './options.js';
import { parts } from './step.js';

test('without flags, everything runs', () => {
  const flags = readFlags([]);
  assert.ok(flags.kind === 'check');
  assert.deepEqual([flags.device, flags.only, flags.minutes, flags.rounds], ['cuda', parts, 60, 2]);
  assert.deepEqual([flags.data, flags.output, flags.smoke], [undefined, undefined, false]);
});

test('flags are accepted in both spellings', () => {
  const flags = readFlags([
    '--device=cuda:1',
    '--only',
    'run,bench',
    '--minutes',
    '7',
    '--smoke',
    '--data',
    'x',
  ]);
  assert.ok(flags.kind === 'check');
  assert.deepEqual([flags.device, flags.only, flags.minutes], ['cuda:1', ['run', 'bench'], 7]);
  assert.deepEqual([flags.smoke, flags.data], [true, 'x']);
});

test('a visit has seven minutes and one round, unless told otherwise', () => {
  const visit = readFlags(['--visit', '2']);
  assert.ok(visit.kind === 'check');
  assert.deepEqual([visit.visit, visit.minutes, visit.rounds], [2, 7, 1]);
  const longer = readFlags(['--visit=3', '--minutes', '9', '--rounds', '2']);
  assert.ok(longer.kind === 'check');
  assert.deepEqual([longer.visit, longer.minutes, longer.rounds], [3, 9, 2]);
});

test('--merge takes the paths of reports', () => {
  assert.deepEqual(readFlags(['--merge', 'a.json', 'b.json', '--output', 'c.json']), {
    kind: 'merge',
    reports: ['a.json', 'b.json'],
    output: 'c.json',
  });
});

test('--help names every flag, on lines of at most 160 characters', () => {
  assert.equal(readFlags(['--smoke', '--help', '--minutes', 'many']).kind, 'help');
  const lines = helpText().split('\n');
  for (const flag of [
    'device',
    'visit',
    'only',
    'minutes',
    'rounds',
    'python',
    'data',
    'output',
    'merge',
    'smoke',
  ])
    assert.equal(lines.filter((line) => line.startsWith(`  --${flag} `)).length, 1, flag);
  assert.ok(lines.every((line) => line.length <= 160));
});

test('a wrong flag gives one sentence', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['--minuts', '7'], 'gpu-check has no flag "--minuts" (did you mean --minutes?); --help lists them.'],
    [['-x'], 'gpu-check has no flag "-x"; --help lists them.'],
    [['bench'], 'gpu-check accepts only flags, not "bench"; --help lists them.'],
    [['--minutes', '0'], '--minutes must be a number above 0, not "0".'],
    [['--rounds', 'Infinity'], '--rounds must be a number above 0, not "Infinity".'],
    [['--minutes'], '--minutes needs a value; see --help.'],
    [['--data='], '--data needs a value; see --help.'],
    [['--device', 'cpu'], '--device must be cuda or cuda:N, not "cpu".'],
    [['--visit', '4'], '--visit must be 1, 2 or 3, not "4".'],
    [['--visit', '1', '--only', 'run'], '--visit chooses the steps: leave --only out.'],
    [['--merge'], '--merge needs the paths of reports: --merge A.json B.json.'],
    [['--merge', 'a', '--smoke'], '--merge runs nothing, so --smoke has no effect: leave it out.'],
    [['--only', 'run,benches'], `--only: there is no part "benches"; the parts are ${parts.join(', ')}.`],
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
