// Times how long a user waits: from the command to the first step of the quickstart, with caches filled by an earlier run,
// and for `chatbot-train --help`. The startup time of Node itself is the lower bound for both.
//
//     node dist/bench/startup.js

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './measure.js';

export interface StartupResult {
  /** All values are medians in seconds. */
  readonly node: number;
  readonly help: number;
  /** Until the first step is reported, including the evaluation before it. */
  readonly firstStep: number;
  /** The same with --eval-ratio 0. */
  readonly firstStepUnevaluated: number;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const command = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'startup-'));

/** Seconds until the process ends. */
async function untilEnd(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return (performance.now() - start) / 1000;
}

/** Seconds until the quickstart reports its first step. The process is killed then. */
async function untilFirstStep(name: string, ...more: readonly string[]): Promise<number> {
  const output = join(scratch, name);
  const args = [
    command,
    '--config',
    'configs/quickstart.yaml',
    '--logging-steps',
    '1',
    '--output-dir',
    output,
  ];
  const start = performance.now();
  const child = spawn(process.execPath, [...args, ...more], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilOutput(child, /^step 1\//m);
  const time = (performance.now() - start) / 1000;
  child.kill('SIGKILL');
  await once(child, 'close');
  rmSync(output, { recursive: true, force: true });
  return time;
}

async function untilOutput(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    if (pattern.test(text)) return;
  }
  throw new Error(`the quickstart ended before its first step: ${text.trimEnd()}`);
}

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } });
const measurements: Record<keyof StartupResult, (name: string) => Promise<number>> = {
  node: () => untilEnd(['-e', '0']),
  help: () => untilEnd([command, '--help']),
  firstStep: (name) => untilFirstStep(name),
  firstStepUnevaluated: (name) => untilFirstStep(name, '--eval-ratio', '0'),
};
const times: Record<keyof StartupResult, number[]> = {
  node: [],
  help: [],
  firstStep: [],
  firstStepUnevaluated: [],
};
try {
  const names = Object.keys(measurements) as (keyof StartupResult)[];
  // The first round fills the caches.
  for (let run = 0; run <= Number(values.runs); run++)
    for (const name of names) {
      const time = await measurements[name](`${name}-${run}`);
      if (run > 0) times[name].push(time);
    }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const result: StartupResult = {
  node: median(times.node),
  help: median(times.help),
  firstStep: median(times.firstStep),
  firstStepUnevaluated: median(times.firstStepUnevaluated),
};
console.log(JSON.stringify(result));
