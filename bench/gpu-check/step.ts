// One step of the check: a program in a separate process with a time limit. If it crashes, hangs or loses the GPU, the
// other steps still run. Does not know what the steps are.

import { type ChildProcess, spawn } from 'node:child_process';
import { type SanitizerReport, sanitizerReports } from './sanitizer.js';

export const parts = ['environment', 'conformance', 'goldens', 'run', 'bench', 'peers', 'sanitizer'] as const;
export type Part = (typeof parts)[number];

export interface Step {
  readonly name: string;
  readonly part: Part;
  /** Steps that measure the same thing in alternating rounds share one series. */
  readonly series?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly limitSeconds: number;
  /** `tests` prints one line of JSON per test, `program` one line in total. */
  readonly prints: 'program' | 'tests';
  /** Why it cannot run here: the device or the machine lacks something. */
  readonly notOffered?: string;
}

export type Status = 'passed' | 'failed' | 'timed out' | 'not offered' | 'no time left';

export interface Outcome {
  readonly name: string;
  readonly part: Part;
  readonly series?: string;
  readonly status: Status;
  readonly startedAt: string;
  readonly seconds: number;
  readonly command: string;
  readonly exitCode: number | null;
  /** What a program printed; a TestSummary for tests. */
  readonly result: unknown;
  /** Why it did not pass, or the end of its stderr. */
  readonly words: string;
}

/** The lines that the test reporter prints. */
export interface TestLine {
  readonly test: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly message?: string;
}

export interface TestSummary {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly TestLine[];
  /** What compute-sanitizer reported, if it did. */
  readonly reports?: readonly SanitizerReport[];
}

/** Limit for stdout and for stderr, in bytes, and for what a report keeps of stderr. */
const [mostOutput, mostWords] = [2 ** 24, 4000];
const running = new Set<ChildProcess>();

/** @param budgetSeconds time left for all steps; with less than a second, the step does not run */
export async function runStep(step: Step, budgetSeconds: number): Promise<Outcome> {
  const { name, part, series, notOffered } = step;
  const about = {
    name,
    part,
    ...(series === undefined ? {} : { series }),
    startedAt: new Date().toISOString(),
    command: [step.command, ...step.args].join(' '),
  };
  const idle = { ...about, seconds: 0, exitCode: null, result: null };
  if (notOffered !== undefined) return { ...idle, status: 'not offered', words: notOffered };
  if (budgetSeconds < 1)
    return { ...idle, status: 'no time left', words: 'the budget of --minutes was spent' };
  const limit = Math.min(step.limitSeconds, budgetSeconds);
  const start = performance.now();
  const ended = await runProcess(step, limit);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(2));
  return { ...about, seconds, exitCode: ended.exitCode, ...verdict(step, ended, limit) };
}

interface Ended {
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function runProcess({ command, args, env }: Step, limitSeconds: number): Promise<Ended> {
  return new Promise((resolve) => {
    // A separate process group, so that the program's children end with it.
    const child = spawn(command, args, {
      // Tests that run inside a test would report to its runner.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let [stdout, stderr, timedOut] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-mostOutput);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-mostOutput);
    });
    const clock = setTimeout(() => {
      timedOut = true;
      end(child);
    }, limitSeconds * 1000);
    const finish = (exitCode: number | null) => {
      clearTimeout(clock);
      running.delete(child);
      resolve({ exitCode, timedOut, stdout, stderr });
    };
    child.on('error', (error) => {
      stderr += error.message;
      finish(null);
    });
    child.on('close', finish);
  });
}

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

/** Called when the check itself is interrupted. */
export function endAll(): void {
  for (const child of running) end(child);
}

function verdict(
  { prints }: Step,
  { exitCode, timedOut, stdout, stderr }: Ended,
  limitSeconds: number,
): Pick<Outcome, 'status' | 'result' | 'words'> {
  const result = prints === 'tests' ? summaryOf(stdout) : lastLine(stdout);
  const tail = stderr.trim().slice(-mostWords);
  if (timedOut) {
    const more = prints === 'tests' ? whyTestsFailed(result as TestSummary, tail) : tail;
    return { status: 'timed out', result, words: `ended after ${limitSeconds.toFixed(0)} s. ${more}`.trim() };
  }
  if (prints === 'tests') {
    const summary = result as TestSummary;
    if (exitCode === 0 && summary.failures.length === 0 && summary.passed > 0)
      return { status: 'passed', result, words: '' };
    return { status: 'failed', result, words: whyTestsFailed(summary, tail) };
  }
  if (exitCode !== 0) return { status: 'failed', result, words: tail };
  if (result === null) return { status: 'failed', result, words: `it printed no result. ${tail}` };
  return { status: 'passed', result, words: '' };
}

function whyTestsFailed({ passed, failures, reports = [] }: TestSummary, tail: string): string {
  const words = [
    ...failures.map(({ test, message = '' }) => `${test}: ${message}`),
    ...reports.map(({ what, kernel, count }) => `compute-sanitizer: ${what}, in ${kernel}, ${count} times`),
  ];
  if (words.length > 0) return words.join('\n').slice(0, mostWords);
  return passed === 0 ? `no test ended. ${tail}` : tail;
}

function summaryOf(stdout: string): TestSummary {
  const lines = stdout
    .split('\n')
    .map(parsed)
    .filter((line): line is TestLine => typeof line === 'object' && line !== null && 'test' in line);
  const count = (outcome: TestLine['outcome']) => lines.filter((line) => line.outcome === outcome).length;
  const reports = sanitizerReports(stdout);
  return {
    passed: count('passed'),
    skipped: count('skipped'),
    failures: lines.filter(({ outcome }) => outcome === 'failed'),
    ...(reports.length > 0 && { reports }),
  };
}

function lastLine(stdout: string): unknown {
  return parsed(stdout.trimEnd().split('\n').at(-1) ?? '');
}

/** null if the line is not JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
