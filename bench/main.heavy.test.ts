import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Report } from './report.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A benchmark of three programs: one that passes, one that fails, and one that never ends unless its limit is short. */
function benchmark(limitSeconds: number): string {
  const at = (name: string) => JSON.stringify(new URL(`${name}.js`, import.meta.url).href);
  return `
    const { runBenchmark } = await import(${at('main')});
    const { fakeMeasurement, fakeProgram, prints } = await import(${at('fake-programs')});
    const quick = { name: 'quick', about: 'a quick one', measurements: () => [
      fakeMeasurement('speed', [
        fakeProgram('ours', prints(3)),
        fakeProgram('broken', "throw new Error('no such thing')"),
        fakeProgram('absent', '', { notOffered: 'missing: run it' }),
      ])] };
    const slow = { name: 'slow', about: 'a slow one', measurements: () => [
      fakeMeasurement('patience', [
        fakeProgram('endless', 'setInterval(() => {}, 1e6)', { limitSeconds: ${limitSeconds} }),
      ])] };
    await runBenchmark({
      subjects: [quick, slow],
      look: () => ({ situation: {}, machine: { processor: 'Fake', unit: null, device: 'CPU: Fake' } }),
    }, process.argv.slice(1));`;
}

function start(args: readonly string[], limitSeconds = 60): ChildProcess {
  const script = ['--input-type=module', '-e', benchmark(limitSeconds), '--'];
  return spawn(process.execPath, [...script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Waits for the end. @param onLine called with each line of stdout when it comes. */
async function ended(child: ChildProcess, onLine: (line: string) => void = () => {}) {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const line of text.split('\n')) onLine(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

const readReport = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Report;

describe('the benchmark', () => {
  test('prints a line for each program, whatever becomes of it, and then the table', async () => {
    const output = join(folder, 'whole.json');
    const { code, stdout } = await ended(start(['--rounds', '1', '--output', output], 0.3));
    assert.match(stdout, /^round 1: speed, ours: 3 things\/s \(\d+\.\d s\)$/m);
    assert.match(stdout, /^round 1: speed, broken: failed: Error: no such thing \(/m);
    assert.match(stdout, /^not measured \(missing: run it\): speed, absent$/m);
    assert.match(stdout, /^round 1: patience, endless: timed out: ended after /m);
    assert.match(stdout, /\| speed \| 1 \| 0 \| 0 \| at least 1 \| missed \|\n\| patience \|/);
    assert.equal(code, 1);
    const { finishedAt, outcomes } = readReport(output);
    assert.notEqual(finishedAt, null);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['passed', 'failed', 'not offered', 'timed out'],
    );
  });

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    test(`keeps and shows its results when ${signal} ends it`, async () => {
      const output = join(folder, `${signal}.json`);
      const child = start(['--output', output]);
      let before: Report | undefined;
      const { code, stdout } = await ended(child, (line) => {
        if (!line.includes('broken')) return;
        // The report has what is printed, while the next program runs.
        before = readReport(output);
        child.kill(signal);
      });
      assert.equal(code, expected);
      assert.deepEqual(
        before?.outcomes.slice(0, 2).map(({ label }) => label),
        ['ours', 'broken'],
      );
      assert.match(stdout, /^Interrupted\. The results so far:\n\n.*\n\n\| measured/m);
      assert.match(stdout, /\| speed \| 1 \|/);
      assert.equal(readReport(output).finishedAt, null);
    });

  test('says what had no time left, and ends in time', async () => {
    const { code, stdout } = await ended(
      start(['--rounds', '1', '--only', 'slow', '--minutes', '0.02', '--output', join(folder, 'short.json')]),
    );
    assert.match(stdout, /^No time was left for: patience, endless \(round 1\)\.$/m);
    assert.doesNotMatch(stdout, /speed/);
    assert.equal(code, 0);
  });

  test('keeps what another run of the day measured and it does not', async () => {
    const output = join(folder, 'two.json');
    await ended(start(['--rounds', '1', '--only', 'quick', '--output', output]));
    const { stdout } = await ended(start(['--rounds', '1', '--only', 'slow', '--output', output], 0.3));
    assert.match(stdout, /\| speed \| 1 \|/);
    assert.deepEqual(
      readReport(output).outcomes.map(({ label }) => label),
      ['ours', 'broken', 'absent', 'endless'],
    );
  });

  test('refuses a measurement that it does not know, in one sentence', async () => {
    const output = join(folder, 'none.json');
    const { code, stdout, stderr } = await ended(start(['--only', 'quikc', '--output', output]));
    assert.equal(
      stderr,
      'error: --only: there is no measurement "quikc" (did you mean quick?); there are quick, slow.\n',
    );
    assert.deepEqual([code, stdout, existsSync(output)], [2, '', false]);
  });

  test('explains itself with --help', async () => {
    const { code, stdout } = await ended(start(['--help']));
    assert.match(stdout, /^ {2}--minutes N .*\(default: 20\)$/m);
    assert.match(stdout, /^ {2}quick +a quick one$/m);
    assert.equal(code, 0);
  });
});
