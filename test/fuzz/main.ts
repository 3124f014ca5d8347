// `npm run fuzz` runs any number of mutants of a target. Without arguments it prints its usage and the list of targets.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Finding, limits, runCampaign } from './campaign.js';
import { mutantOf } from './mutant.js';
import { targets } from './target.js';

const usage = `usage: npm run fuzz -- <target> [count] [--seed N] [--from N] [--hang SECONDS] [--out FOLDER]

Creates [count] mutants of valid inputs (default 10000) and reads each of them. Every mutant must be read, or refused with
a UserError, within ${limits.cpuSeconds} s of CPU time and ${limits.residentMegabytes} MB. Each finding is printed with its
number, and its input is written to FOLDER (default fuzz-findings).

The same target, seed and number always give the same input. To reproduce a finding:
  npm run fuzz -- <target> 1 --seed N --from <number>

Targets ("all" runs all of them):
`;

async function list(): Promise<string> {
  const lines: string[] = [];
  for (const [name, load] of Object.entries(targets))
    lines.push(`  ${name.padEnd(16)} ${(await load()).about}`);
  return `${usage}${lines.join('\n')}\n`;
}

async function keep(out: string, name: string, seed: number, { number, kind }: Finding): Promise<string> {
  const load = targets[name];
  const folder = join(out, `${name}-${seed}-${number}-${kind}`);
  mkdirSync(folder, { recursive: true });
  if (load === undefined) return folder;
  for (const [file, bytes] of mutantOf(name, await load(), seed, number))
    writeFileSync(join(folder, file.replaceAll('/', '_')), bytes);
  return folder;
}

async function fuzz(name: string, count: number, seed: number, from: number, out: string): Promise<number> {
  const started = Date.now();
  const kept = new Map<string, number>();
  const found = await runCampaign({
    target: name,
    seed,
    from,
    count,
    hangSeconds: Number(values.hang),
    onFinding: (finding) => {
      const same = `${finding.kind} ${finding.place}`;
      kept.set(same, (kept.get(same) ?? 0) + 1);
      if (kept.get(same) !== 1) return;
      void keep(out, name, seed, finding).then((folder) => {
        console.log(
          `${name}: ${finding.kind} at ${finding.number} (seed ${seed}): ${JSON.stringify(finding.what)}\n  ${finding.place}\n  ${folder}`,
        );
      });
    },
    onProgress: (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done} of ${count} `);
    },
  });
  const seconds = (Date.now() - started) / 1000;
  const kinds = new Map<string, number>();
  for (const { kind } of found) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const summary = [...kinds].map(([kind, times]) => `${times} ${kind}`).join(', ') || 'nothing found';
  console.log(`${name}: ${count} mutants in ${seconds.toFixed(0)} s: ${summary}; ${kept.size} different`);
  return found.length;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    hang: { type: 'string', default: String(limits.hangSeconds) },
    out: { type: 'string', default: 'fuzz-findings' },
  },
});
const [wanted, count = '10000'] = positionals;
const names = wanted === 'all' ? Object.keys(targets) : [wanted ?? ''];
const numbers = [count, values.seed, values.from, values.hang].map(Number);
if (!names.every((name) => Object.hasOwn(targets, name)) || !numbers.every(Number.isSafeInteger)) {
  console.log(await list());
  process.exitCode = wanted === undefined ? 0 : 2;
} else {
  let found = 0;
  for (const name of names)
    found += await fuzz(name, Number(count), Number(values.seed), Number(values.from), values.out);
  process.exitCode = found > 0 ? 1 : 0;
}
