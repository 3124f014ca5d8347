// The benchmark as a program: flags, signals, output and exit code. Knows no measurement; run.ts names them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagMessageOf } from '../src/cli/flag-names.js';
import { ExitCode, UserError } from '../src/errors.js';
import { endAll } from './gpu-check/step.js';
import type { Subject } from './measurement.js';
import { type BenchOptions, helpText, readOptions } from './options.js';
import { type Machine, RunReport, reportPath } from './report.js';
import { type Measured, type Planned, runRounds } from './rounds.js';

export interface Benchmark<Situation> {
  /** In the order in which they run. */
  readonly subjects: readonly Subject<Situation>[];
  /** @param scratch a folder for files of programs. @throws UserError */
  look(
    options: BenchOptions,
    scratch: string,
  ): { readonly situation: Situation; readonly machine: Omit<Machine, 'threads' | 'node'> };
}

/** Sets the exit code of the process. */
export async function runBenchmark<Situation>(
  benchmark: Benchmark<Situation>,
  args: readonly string[],
): Promise<void> {
  const started = performance.now();
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
  const interruption = new AbortController();
  for (const [signal, code] of [
    ['SIGINT', ExitCode.interrupted],
    ['SIGTERM', ExitCode.terminated],
    ['SIGHUP', ExitCode.hungUp],
  ] as const)
    process.on(signal, () => {
      process.exitCode = code;
      interruption.abort();
      endAll();
    });
  try {
    const options = readOptions(args, benchmark.subjects);
    if (options === 'help') {
      console.log(helpText(benchmark.subjects));
      return;
    }
    const left = () => options.minutes * 60 - (performance.now() - started) / 1000;
    const code = await measure(benchmark, options, { args, scratch, left, interrupted: interruption.signal });
    process.exitCode ??= code;
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    console.error(`error: ${flagMessageOf(thrown)}`);
    process.exitCode = thrown.exitCode;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Run {
  readonly args: readonly string[];
  readonly scratch: string;
  left(): number;
  readonly interrupted: AbortSignal;
}

/** @returns the exit code, unless the run is interrupted. */
async function measure<Situation>(
  { subjects, look }: Benchmark<Situation>,
  options: BenchOptions,
  { args, scratch, left, interrupted }: Run,
): Promise<number> {
  const { situation, machine: looked } = look(options, scratch);
  const machine: Machine = { ...looked, threads: options.threads, node: process.version };
  const path = options.output ?? defaultPath(machine, options);
  const all = subjects.flatMap(({ name, measurements }) =>
    measurements(situation).map((measurement): Planned => ({ subject: name, measurement })),
  );
  const plan = all.filter(({ subject }) => options.only.includes(subject));
  const report = new RunReport(path, all, options.only, { arguments: args, smoke: options.smoke, machine });
  console.log(machine.device);
  for (const line of notOffered(plan)) console.log(line);
  let failures = 0;
  await runRounds(plan, {
    rounds: options.rounds,
    left,
    interrupted,
    done(measured) {
      report.add(measured);
      if (measured.status === 'failed') failures++;
      if (wasStarted(measured)) console.log(lineOf(measured));
    },
  });
  if (!interrupted.aborted) report.finish();
  console.log(`\n${interrupted.aborted ? 'Interrupted. The results so far:\n\n' : ''}${report.toMarkdown()}`);
  console.error(`written: ${path}`);
  return failures > 0 ? ExitCode.unexpected : ExitCode.ok;
}

function defaultPath({ processor }: Machine, { smoke }: BenchOptions): string {
  return smoke ? join(tmpdir(), 'bench-smoke.json') : reportPath(processor, new Date());
}

/** One line for each reason why programs cannot run. */
function notOffered(plan: readonly Planned[]): string[] {
  const names = new Map<string, string[]>();
  for (const { measurement } of plan)
    for (const { notOffered, label } of measurement.programs)
      if (notOffered !== undefined)
        names.set(notOffered, [...(names.get(notOffered) ?? []), `${measurement.name}, ${label}`]);
  return [...names].map(([reason, programs]) => `not measured (${reason}): ${programs.join('; ')}`);
}

/** Whether a line says something new: why programs cannot run is said before, and what had no time after. */
function wasStarted({ seconds, status }: Measured): boolean {
  return seconds > 0 || status === 'failed';
}

function lineOf({ round, name, status, summary, seconds }: Measured): string {
  const outcome = status === 'passed' ? summary : `${status}: ${summary}`;
  return `round ${round}: ${name}: ${outcome} (${seconds.toFixed(1)} s)`;
}
