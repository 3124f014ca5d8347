// `npm run gpu-check`: checks a real card. Runs conformance, the golden models, a short real run, the benchmark and its
// peers, each step in a separate process, and writes one report. Needs no npm and no network, only dist/ and
// node_modules/. `--help` lists its flags (options.ts).
//
// --smoke runs the same in tiny sizes on the emulated card, or on the one whose libraries CHATBOT_TRAIN_CUDA_LIBRARIES
// names. A missed goal for speed or memory appears in the table but does not fail the check.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagMessageOf } from '../../src/cli/flag-names.js';
import { ExitCode, UserError } from '../../src/errors.js';
import { emulatorFolder } from '../../test/cuda-emulator/build.js';
import type { Environment } from './environment.js';
import { type Check, helpText, type Merge, readFlags } from './options.js';
import {
  earlierOutcomes,
  merged,
  type Report,
  remark,
  reportOf,
  reportPath,
  toMarkdown,
  writeReport,
} from './report.js';
import { endAll, type Outcome, runStep, type Step } from './step.js';
import { environmentStep, stepsOf } from './steps.js';

const started = new Date();
const args = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'gpu-check-'));
for (const [signal, code] of [
  ['SIGINT', ExitCode.interrupted],
  ['SIGTERM', ExitCode.terminated],
] as const)
  process.on(signal, () => {
    endAll();
    rmSync(scratch, { recursive: true, force: true });
    process.exit(code);
  });
try {
  const request = readFlags(args);
  if (request.kind === 'help') console.log(helpText());
  else process.exitCode = request.kind === 'merge' ? merge(request) : await check(request);
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  console.error(`error: ${flagMessageOf(thrown)}`);
  process.exitCode = thrown.exitCode;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function merge({ reports, output }: Merge): number {
  const report = merged(reports, args);
  print(output ?? reportPath(report.card, started), report);
  return exitCodeOf(report.outcomes);
}

async function check(wanted: Check): Promise<number> {
  // The steps are separate processes, which inherit it.
  if (wanted.smoke) process.env.CHATBOT_TRAIN_CUDA_LIBRARIES ||= emulatorFolder();
  const left = () => wanted.minutes * 60 - (Date.now() - started.getTime()) / 1000;
  const first = await runAndPrint(environmentStep(wanted), left());
  if (first.status !== 'passed') {
    console.error(`error: ${first.words}`);
    return first.exitCode === ExitCode.device ? ExitCode.device : ExitCode.unexpected;
  }
  const environment = first.result as Environment;
  console.error(environment.device);
  const steps = stepsOf({ ...wanted, scratch }, environment);
  const path = wanted.output ?? reportPath(environment.card, started);
  // A visit replaces its own steps only, another check the parts that it runs.
  const names = new Set(steps.map(({ name }) => name));
  const earlier = earlierOutcomes(path, environment.card, ({ name, part }) =>
    wanted.visit === undefined ? wanted.only.includes(part) : names.has(name),
  );
  const outcomes: Outcome[] = [first];
  const report = (finishedAt: string | null): Report =>
    reportOf({
      finishedAt,
      arguments: args,
      smoke: wanted.smoke,
      card: environment.card,
      outcomes: [...earlier, ...outcomes],
    });
  for (const step of steps) {
    outcomes.push(await runAndPrint(step, left()));
    writeReport(path, report(null));
  }
  print(path, report(new Date().toISOString()));
  return exitCodeOf(outcomes);
}

function print(path: string, report: Report): void {
  writeReport(path, report);
  console.log(toMarkdown(report));
  console.error(`written: ${path}`);
}

function exitCodeOf(outcomes: readonly Outcome[]): number {
  const good = outcomes.every(({ status }) => status === 'passed' || status === 'not offered');
  return good ? ExitCode.ok : ExitCode.unexpected;
}

/** What a step that does not pass says is printed whole, in case only the output is kept. */
async function runAndPrint(step: Step, budgetSeconds: number): Promise<Outcome> {
  const outcome = await runStep(step, budgetSeconds);
  const { part, name, status, seconds, words } = outcome;
  console.error(`${part}: ${name}: ${status}, ${seconds.toFixed(1)} s ${remark(outcome)}`.trimEnd());
  if (status === 'failed' || status === 'timed out') console.error(words.replaceAll(/^/gm, '    '));
  return outcome;
}
