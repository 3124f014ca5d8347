// The process that reads mutants. It can hang or run out of memory, so its parent watches it (campaign.ts).
//   usage: node child.js <target> <seed> <from> <to> <progress file>
// It writes the number of each mutant to the progress file before reading the mutant, and prints one JSON line per finding.

import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../../src/errors.js';
import { type Finding, limits } from './campaign.js';
import { mutantOf } from './mutant.js';
import { type Files, type Target, targets } from './target.js';

const [, , name = '', seedText = '', fromText = '', toText = '', progressPath = ''] = process.argv;

// Uses shared memory if the system has it, because writing to a disk would take most of the time.
const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fuzz-'));
const folder = join(scratch, 'input');

/** The files that are in the folder now. */
let written = new Map<string, Uint8Array>();

function write(files: Files): void {
  for (const old of written.keys()) if (!files.has(old)) rmSync(join(folder, old), { force: true });
  const now = new Map<string, Uint8Array>();
  for (const [file, bytes] of files) {
    if (written.get(file) === bytes) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), bytes);
    now.set(file, bytes);
  }
  written = now;
}

/** The first stack frame in this project, or else the message. Equal for errors with the same cause. */
function placeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, 80);
  const frame = thrown.stack?.split('\n').find((line) => /\/dist\/src\//.test(line));
  const place = /dist\/(src\/[^)]+)\)?$/.exec(frame ?? '')?.[1] ?? '';
  return `${thrown.name} ${place || thrown.message.slice(0, 80)}`;
}

function report(finding: Finding): void {
  writeSync(1, `${JSON.stringify(finding)}\n`);
}

/** Time and memory are queried once per this number of mutants, because a query takes longer than most mutants. */
const askEvery = 25;
let cpuBefore = process.cpuUsage();

async function tryOne(target: Target, number: number): Promise<void> {
  const files = mutantOf(name, target, Number(seedText), number);
  write(files);
  const started = performance.now();
  let what: string | undefined;
  try {
    await target.read(folder, files);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) {
      const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      report({ kind: 'crash', number, what: message.slice(0, 300), place: placeOf(thrown) });
    } else what = thrown.message;
  }
  if (what !== undefined && /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(what))
    report({
      kind: 'control',
      number,
      what: what.slice(0, 300),
      place: what.slice(0, 40).replace(/\/\S+/g, ''),
    });
  // CPU time is queried only if enough wall time has passed. It includes the last few mutants, which took little.
  if (performance.now() - started < limits.cpuSeconds * 1000) return;
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (user + system) / 1e6;
  if (seconds > limits.cpuSeconds)
    report({ kind: 'slow', number, what: `${seconds.toFixed(1)} s of CPU time`, place: 'slow' });
}

/** Checks that at least one seed can be read. Otherwise the target would test nothing. */
async function readSeeds(target: Target): Promise<void> {
  let refusal: unknown;
  let read = 0;
  for (const seed of target.seeds)
    try {
      write(seed);
      await target.read(folder, seed);
      read++;
    } catch (thrown) {
      refusal = thrown;
    }
  if (read === 0) throw refusal;
}

async function main(): Promise<void> {
  const load = targets[name];
  if (load === undefined) throw new Error(`there is no target ${name}`);
  mkdirSync(folder);
  const progress = openSync(progressPath, 'w');
  const target = await load();
  const note = (number: number) => writeSync(progress, String(number).padEnd(16), 0);
  note(-1);
  await readSeeds(target);
  let most = limits.residentMegabytes;
  for (let number = Number(fromText); number < Number(toText); number++) {
    note(number);
    if (number % askEvery === 0) cpuBefore = process.cpuUsage();
    await tryOne(target, number);
    if (number % askEvery > 0) continue;
    const megabytes = process.resourceUsage().maxRSS / 1024;
    if (megabytes > most) {
      report({
        kind: 'memory',
        number,
        what: `${Math.round(megabytes)} MB used by this mutant or by one of the ${askEvery} before it`,
        place: 'memory',
      });
      most = megabytes * 1.2;
    }
  }
  note(Number(toText));
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
