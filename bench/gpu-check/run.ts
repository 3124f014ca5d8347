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
import { findings } from './goals.js';
import { helpText, type ParsedFlags, readFlags } from './options.js';
import {
  earlierOutcomes,
  type Report,
  remark,
  reportPath,
  sortedByPart,
  toMarkdown,
  writeReport,
} from './report.js';
import type { Wanted } from './situation.js';
import { endAll, type Outcome, runStep, type Step } from './step.js';
import { environmentStep, stepsOf } from './steps.js';

const started = new Date();
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
  const flags = readFlags(process.argv.slice(2));
  if (flags === 'help') console.log(helpText());
  else process.exitCode = await check({ ...flags, scratch });
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  console.error(`error: ${flagMessageOf(thrown)}`);
  process.exitCode = thrown.exitCode;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** @returns the exit code. */
async function check(wanted: ParsedFlags & Wanted): Promise<number> {
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
  const path = wanted.output ?? reportPath(environment.card, started);
  const earlier = earlierOutcomes(path, environment.card, wanted.only);
  const outcomes: Outcome[] = [first];
  const report = (finishedAt: string | null): Report => {
    const all = sortedByPart([...earlier, ...outcomes]);
    return {
      finishedAt,
      arguments: process.argv.slice(2),
      smoke: wanted.smoke,
      card: environment.card,
      outcomes: all,
      findings: wanted.smoke ? [] : findings(all),
    };
  };
  for (const step of stepsOf(wanted, environment)) {
    if (!wanted.only.includes(step.part)) continue;
    outcomes.push(await runAndPrint(step, left()));
    writeReport(path, report(null));
  }
  const whole = report(new Date().toISOString());
  writeReport(path, whole);
  console.log(toMarkdown(whole));
  console.error(`written: ${path}`);
  const good = outcomes.every(({ status }) => status === 'passed' || status === 'not offered');
  return good ? ExitCode.ok : ExitCode.unexpected;
}

async function runAndPrint(step: Step, budgetSeconds: number): Promise<Outcome> {
  const outcome = await runStep(step, budgetSeconds);
  const { part, name, status, seconds } = outcome;
  console.error(`${part}: ${name}: ${status}, ${seconds.toFixed(1)} s ${remark(outcome)}`.trimEnd());
  return outcome;
}
