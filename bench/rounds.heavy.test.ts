import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fakeMeasurement, fakeProgram, prints } from './fake-programs.js';
import { endAll } from './gpu-check/step.js';
import type { Measurement } from './measurement.js';
import { type Measured, type RoundsOptions, runRounds } from './rounds.js';

async function run(measurements: readonly Measurement[], options: Partial<RoundsOptions> = {}) {
  const measured: Measured[] = [];
  const done = (outcome: Measured) => void measured.push(outcome);
  const plan = measurements.map((measurement) => ({ subject: 'fake', measurement }));
  const usual = { rounds: 1, left: () => 60, interrupted: new AbortController().signal, done };
  await runRounds(plan, { ...usual, ...options });
  return measured;
}
const shortly = (outcomes: readonly Measured[]) =>
  outcomes.map(({ round, label, status }) => `${round} ${label} ${status}`);

describe('rounds of measurements', () => {
  test('run every program once before any runs twice', async () => {
    const one = fakeMeasurement('one', [fakeProgram('ours', prints(1)), fakeProgram('theirs', prints(2))]);
    const other = fakeMeasurement('other', [fakeProgram('alone', prints(3))]);
    assert.deepEqual(shortly(await run([one, other], { rounds: 2 })), [
      ...['1 ours passed', '1 theirs passed', '1 alone passed'],
      ...['2 ours passed', '2 theirs passed', '2 alone passed'],
    ]);
  });

  test('tell what a program measured, in its own words', async () => {
    const [outcome] = await run([fakeMeasurement('one', [fakeProgram('ours', prints(7))])]);
    assert.equal(outcome?.summary, '7 things/s');
    assert.deepEqual(outcome.result, { speed: 7 });
  });

  test('go on after a program that fails, and do not start it again', async () => {
    const broken = fakeProgram('broken', "throw new Error('no such thing')");
    const outcomes = await run([fakeMeasurement('one', [broken, fakeProgram('sound', prints(1))])], {
      rounds: 2,
    });
    assert.deepEqual(shortly(outcomes), ['1 broken failed', '1 sound passed', '2 sound passed']);
    assert.equal(outcomes[0]?.summary, 'Error: no such thing');
  });

  test('take a result that cannot be read for a failure', async () => {
    const program = fakeProgram('odd', "console.log('{}')");
    const [outcome] = await run([fakeMeasurement('one', [program])]);
    assert.equal(outcome?.status, 'failed');
    assert.match(outcome.summary, /^its result cannot be read: /);
  });

  test('end a program at its time limit', async () => {
    const slow = fakeProgram('slow', 'setInterval(() => {}, 1e6)', { limitSeconds: 0.2 });
    const outcomes = await run([fakeMeasurement('one', [slow, fakeProgram('quick', prints(1))])]);
    assert.deepEqual(shortly(outcomes), ['1 slow timed out', '1 quick passed']);
    assert.match(outcomes[0]?.summary ?? '', /^ended after 0 s/);
  });

  test('say what had no time left', async () => {
    const slow = fakeProgram('slow', 'setInterval(() => {}, 1e6)');
    // The first program gets what is left of the time, and the second finds nothing left.
    const lefts = [1, 1, 0];
    const outcomes = await run([fakeMeasurement('one', [slow, fakeProgram('late', prints(1))])], {
      left: () => lefts.shift() ?? 0,
    });
    assert.deepEqual(shortly(outcomes), ['1 slow no time left', '1 late no time left']);
    assert.equal(outcomes[0]?.summary, 'the time limit of the whole run');
  });

  test('do not start a measurement that took longer before than the time that is left', async () => {
    const budgets: [string, number][] = [];
    const took: Readonly<Record<string, number>> = { 'long, ours': 30, 'long, theirs': 20, 'short, ours': 5 };
    let left = 100;
    const long = fakeMeasurement('long', [fakeProgram('ours', ''), fakeProgram('theirs', '')]);
    await run([long, fakeMeasurement('short', [fakeProgram('ours', '')])], {
      rounds: 2,
      left: () => left,
      async run({ name, part }, budgetSeconds) {
        budgets.push([name, budgetSeconds]);
        const seconds = budgetSeconds > 0 ? (took[name] ?? 0) : 0;
        left -= seconds;
        return {
          ...{ name, part, status: 'passed', startedAt: '', seconds, command: '' },
          ...{ exitCode: 0, result: { speed: 1 }, words: '' },
        };
      },
    });
    assert.deepEqual(budgets, [
      ['long, ours', 100],
      ['long, theirs', 70],
      ['short, ours', 50],
      // 45 seconds are left, and both programs of the long one would take 50.
      ['long, ours', 0],
      ['long, theirs', 0],
      ['short, ours', 45],
    ]);
  });

  test('start a program in as many rounds as it takes part in', async () => {
    const once = fakeProgram('once', prints(1), { rounds: 1 });
    const outcomes = await run([fakeMeasurement('one', [once, fakeProgram('always', prints(1))])], {
      rounds: 2,
    });
    assert.deepEqual(shortly(outcomes), ['1 once passed', '1 always passed', '2 always passed']);
  });

  test('give a program the results that it needs, or leave it out', async () => {
    const first = fakeProgram('first', prints(5));
    const broken = fakeProgram('broken', 'process.exit(1)');
    const doubled = fakeProgram('doubled', '', {
      args: (results) => ['-e', ...results.of(first).map(({ speed }) => prints(2 * speed))],
    });
    const without = fakeProgram('without', '', {
      args: (results) => (results.of(broken)[0] ? [] : undefined),
    });
    const outcomes = await run([fakeMeasurement('one', [first, doubled, broken, without])]);
    assert.deepEqual(shortly(outcomes).slice(1), [
      '1 doubled passed',
      '1 broken failed',
      '1 without not offered',
    ]);
    assert.deepEqual(outcomes[1]?.result, { speed: 10 });
  });

  test('end when they are interrupted, without an outcome of the program that ran', async () => {
    const interruption = new AbortController();
    const slow = fakeProgram('slow', 'setInterval(() => {}, 1e6)');
    const outcomes: Measured[] = [];
    const measurement = fakeMeasurement('one', [fakeProgram('quick', prints(1)), slow]);
    const interrupt = () => {
      interruption.abort();
      endAll();
    };
    await runRounds([{ subject: 'fake', measurement }], {
      rounds: 2,
      left: () => 60,
      interrupted: interruption.signal,
      done(outcome) {
        outcomes.push(outcome);
        setImmediate(interrupt);
      },
    });
    assert.deepEqual(shortly(outcomes), ['1 quick passed']);
  });
});
