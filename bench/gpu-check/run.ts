// `npm run gpu-check`: what a real card says. Conformance, the golden models, a short real run, the benchmark and its
// peers, each step in a process of its own; one report. Needs no npm and no network, only dist/ and node_modules/.
//
//     node scripts/gpu-check.mjs [--device cuda:N] [--only conformance,bench] [--minutes N] [--rounds N]
//                                [--python PATH] [--data FILE] [--output FILE] [--smoke]
//
// --smoke is the same in tiny sizes on the emulated card, or on the one whose libraries CHATBOT_TRAIN_CUDA_LIBRARIES names.
//
// Exit code: 0 when everything that could run here passed, 1 when a step failed or had no time left, 2 for a wrong flag,
// 5 without a GPU. A missed goal of speed or memory is in the table and fails nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flagMessageOf } from '../../src/cli/flag-names.js';
import { ExitCode, messageOf, UserError } from '../../src/errors.js';
import { emulatorFolder } from '../../test/cuda-emulator/build.js';
import type { Environment } from './environment.js';
import { findings } from './goals.js';
import {
  earlierOutcomes,
  inOrder,
  type Report,
  readable,
  remark,
  reportPath,
  writeReport,
} from './report.js';
import type { Wanted } from './situation.js';
import { endAll, type Outcome, type Part, parts, runStep, type Step } from './step.js';
import { environmentStep, stepsOf } from './steps.js';

interface Asked extends Wanted {
  readonly only: readonly Part[];
  readonly minutes: number;
  readonly output: string | undefined;
}

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
  process.exitCode = await check(asked(process.argv.slice(2)));
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  console.error(`error: ${flagMessageOf(thrown)}`);
  process.exitCode = thrown.exitCode;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** @throws UserError (usage) */
function asked(args: readonly string[]): Asked {
  const { values } = parsed(args);
  const only = values.only.split(',').map((name) => {
    const part = parts.find((known) => known === name);
    if (part === undefined)
      throw new UserError(
        'option-unknown',
        `--only: there is no part '${name}'; there are ${parts.join(', ')}`,
      );
    return part;
  });
  const number = (flag: 'minutes' | 'rounds') => {
    const value = Number(values[flag]);
    if (!(value > 0))
      throw new UserError('option-invalid', `--${flag} is a number above 0, not '${values[flag]}'`);
    return value;
  };
  const { device, python, data, smoke, output } = values;
  // The steps are processes of their own and find it there too.
  if (smoke) process.env.CHATBOT_TRAIN_CUDA_LIBRARIES ||= emulatorFolder();
  return {
    ...{ device, python, data, smoke, output, only, scratch },
    minutes: number('minutes'),
    rounds: Math.ceil(number('rounds')),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        device: { type: 'string', default: 'cuda' },
        only: { type: 'string', default: parts.join(',') },
        minutes: { type: 'string', default: '60' },
        rounds: { type: 'string', default: '2' },
        python: { type: 'string', default: process.env.CHATBOT_TRAIN_PYTHON ?? 'python3' },
        data: { type: 'string' },
        output: { type: 'string' },
        smoke: { type: 'boolean', default: false },
      },
    });
  } catch (thrown) {
    throw new UserError('option-invalid', messageOf(thrown));
  }
}

/** @returns the exit code. */
async function check(wanted: Asked): Promise<number> {
  const left = () => wanted.minutes * 60 - (Date.now() - started.getTime()) / 1000;
  const first = await told(environmentStep(wanted), left());
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
    const all = inOrder([...earlier, ...outcomes]);
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
    outcomes.push(await told(step, left()));
    writeReport(path, report(null));
  }
  const whole = report(new Date().toISOString());
  writeReport(path, whole);
  console.log(readable(whole));
  console.error(`written: ${path}`);
  const good = outcomes.every(({ status }) => status === 'passed' || status === 'not offered');
  return good ? ExitCode.ok : ExitCode.unexpected;
}

async function told(step: Step, budgetSeconds: number): Promise<Outcome> {
  const outcome = await runStep(step, budgetSeconds);
  const { part, name, status, seconds } = outcome;
  console.error(`${part}: ${name}: ${status}, ${seconds.toFixed(1)} s ${remark(outcome)}`.trimEnd());
  return outcome;
}
