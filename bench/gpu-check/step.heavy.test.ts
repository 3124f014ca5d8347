import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { scratchFolder } from '../../test/tiny-run.js';
import { remark } from './report.js';
import { runStep, type Step } from './step.js';
import { testArguments } from './test-run.js';

function step(script: string, more: Partial<Step> = {}): Step {
  return {
    name: 'a step',
    part: 'bench',
    command: process.execPath,
    args: ['-e', script],
    limitSeconds: 60,
    prints: 'program',
    ...more,
  };
}
const print = (value: unknown) => `console.log(${JSON.stringify(JSON.stringify(value))});`;

describe('a step of the check', () => {
  test("passes with the result on the program's last line", async () => {
    const { status, result, exitCode } = await runStep(
      step(`console.log('first');${print({ speed: 3 })}`),
      60,
    );
    assert.deepEqual({ status, result, exitCode }, { status: 'passed', result: { speed: 3 }, exitCode: 0 });
  });

  test('fails with the error text of the program', async () => {
    const outcome = await runStep(step("throw new Error('no such card')"), 60);
    assert.equal(outcome.status, 'failed');
    assert.equal(outcome.exitCode, 1);
    assert.equal(remark(outcome), 'Error: no such card');
  });

  test('fails if a program prints no result, dies, or does not exist', async () => {
    const silent = await runStep(step(''), 60);
    const killed = await runStep(step("process.kill(process.pid, 'SIGKILL')"), 60);
    const absent = await runStep(step('', { command: '/nowhere/python3' }), 60);
    assert.deepEqual(
      [silent, killed, absent].map(({ status }) => status),
      ['failed', 'failed', 'failed'],
    );
    assert.match(absent.words, /ENOENT/);
  });

  test('is ended at its time limit, together with its child processes', async () => {
    const child =
      "require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });";
    const outcome = await runStep(step(`${child}setInterval(() => {}, 1e6)`, { limitSeconds: 0.2 }), 60);
    assert.equal(outcome.status, 'timed out');
  });

  test('does not run without time left, or if the machine does not offer it', async () => {
    const late = await runStep(step(print(1)), 0.5);
    const absent = await runStep(step(print(1), { notOffered: 'no torch' }), 60);
    assert.deepEqual([late.status, absent.status, absent.words], ['no time left', 'not offered', 'no torch']);
  });

  test('of tests sums up their lines, and keeps those printed before an end', async () => {
    const lines = `${print({ test: 'one', outcome: 'passed' })}${print({ test: 'two', outcome: 'failed', message: 'wrong sum' })}`;
    const tests = (script: string) => runStep(step(script, { prints: 'tests' }), 60);
    const failed = await tests(`${lines}process.exit(1)`);
    assert.equal(failed.status, 'failed');
    assert.equal(remark(failed), '1 passed, 1 failed: two: wrong sum');
    const none = await tests('');
    assert.match(none.words, /no test ended/);
    const crashed = await tests(`${print({ test: 'one', outcome: 'passed' })}process.exit(3)`);
    assert.equal(crashed.status, 'failed');
  });

  test('of tests under compute-sanitizer says what was reported, and where', async () => {
    const lines = [
      '========= Invalid __global__ read of size 4 bytes',
      '=========     at sum_rows+0x150',
      '========= ERROR SUMMARY: 1 error',
    ];
    const script = `${print({ test: 'one', outcome: 'passed' })}${lines.map((line) => `console.log('${line}');`).join('')}`;
    const outcome = await runStep(step(`${script}process.exit(9)`, { prints: 'tests' }), 60);
    assert.equal(outcome.status, 'failed');
    assert.equal(
      remark(outcome),
      '1 passed: compute-sanitizer: Invalid __global__ read of size 4 bytes, in sum_rows, 1 times',
    );
  });

  test('of tests keeps the results of those that ended before a time limit', async () => {
    const file = join(scratchFolder('gpu-check-step'), 'endless.mjs');
    writeFileSync(
      file,
      `import { describe, test } from 'node:test';
      describe('all', () => {
        test('ends', () => {});
        test('never ends', () => { for (;;); });
      });`,
    );
    const run = { prints: 'tests', args: testArguments(file), limitSeconds: 4 } as const;
    const { status, result, words } = await runStep(step('', run), 60);
    assert.equal(status, 'timed out');
    assert.deepEqual(result, { passed: 1, skipped: 0, failures: [] });
    assert.equal(words, 'ended after 4 s.');
  });
});
