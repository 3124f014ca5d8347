// Runs a target on many mutants in a child process and collects the findings. Every input must be read, or refused with a
// UserError, within limits of time and memory. The child writes the number of its current mutant to a file. If the child
// hangs, runs out of memory or dies, that number identifies the mutant, and a new child continues with the next one.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Finding {
  /** `control`: an error message contains terminal control characters. */
  readonly kind: 'crash' | 'control' | 'slow' | 'memory' | 'hang' | 'death';
  /** Number of the mutant. */
  readonly number: number;
  readonly what: string;
  /** Equal for findings that probably have the same cause. */
  readonly place: string;
}

export const limits = {
  /** CPU time, so that a busy machine does not count as slow. */
  cpuSeconds: 4,
  heapMegabytes: 512,
  residentMegabytes: 1024,
  /** Time without progress. */
  hangSeconds: 30,
} as const;

export interface Campaign {
  readonly target: string;
  readonly seed: number;
  /** Number of the first mutant. */
  readonly from: number;
  readonly count: number;
  readonly hangSeconds?: number;
  readonly onFinding?: (finding: Finding) => void;
  readonly onProgress?: (done: number) => void;
}

const child = fileURLToPath(new URL('child.js', import.meta.url));

/** @returns all findings. @throws Error if the target cannot read any of its own seeds. */
export async function runCampaign(campaign: Campaign): Promise<Finding[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'fuzz-progress-'));
  const found: Finding[] = [];
  const add = (finding: Finding) => {
    found.push(finding);
    campaign.onFinding?.(finding);
  };
  try {
    const end = campaign.from + campaign.count;
    for (let next = campaign.from; next < end; )
      next = await runChild(campaign, next, end, join(scratch, 'progress'), add);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return found;
}

function numberIn(progress: string): number | undefined {
  try {
    const text = readFileSync(progress, 'utf8').trim();
    return text === '' ? undefined : Number(text);
  } catch {
    return undefined;
  }
}

/** @returns the number of the mutant to continue with. */
function runChild(
  { target, seed, from, hangSeconds = limits.hangSeconds, onProgress }: Campaign,
  first: number,
  end: number,
  progress: string,
  add: (finding: Finding) => void,
): Promise<number> {
  const args = [`--max-old-space-size=${limits.heapMegabytes}`, child, target, seed, first, end, progress];
  const running = spawn(process.execPath, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  running.stderr.on('data', (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-4000);
  });
  let partial = '';
  running.stdout.on('data', (chunk) => {
    const lines = `${partial}${chunk}`.split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) add(JSON.parse(line));
  });
  let at = numberIn(progress);
  let quiet = 0;
  let hung = false;
  const watchdog = setInterval(() => {
    const now = numberIn(progress);
    quiet = now === at ? quiet + 1 : 0;
    at = now;
    onProgress?.(Math.max(0, (now ?? from) - from));
    hung = quiet >= hangSeconds;
    if (hung) running.kill('SIGKILL');
  }, 1000);
  return new Promise((resolve, reject) => {
    running.on('error', reject);
    running.on('close', (code, signal) => {
      clearInterval(watchdog);
      const number = numberIn(progress) ?? -1;
      if (code === 0) return resolve(end);
      if (number < first) return reject(new Error(`the target ${target} fails to start: ${stderr}`));
      const last = /FATAL ERROR: (.*)/.exec(stderr)?.[1] ?? stderr.trim().split('\n').at(-1) ?? '';
      if (hung) add({ kind: 'hang', number, what: `no progress for ${hangSeconds} s`, place: 'hang' });
      else
        add({
          kind: 'death',
          number,
          what: `${signal ?? `exit code ${code}`}: ${last}`,
          place: last.slice(0, 60),
        });
      resolve(number + 1);
    });
  });
}
