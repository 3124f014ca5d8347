// Times finding near-duplicates among generated texts of 48 words, of which every second is another one with up to 30 % of its
// words changed. Then counts, untimed, how many of the pairs that exact counting finds are missed. `--write` writes the texts for
// the peers. `--flagged FILE` and `--removed FILE` count what a peer missed: a byte per text, 1 if it is taken for a duplicate of
// another, or if it is taken out and a duplicate of it stays.
//
//     node dist/bench/duplicates.js --texts 200000

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nearDuplicates } from '../src/prepare/duplicates/near.js';
import { Shingler } from '../src/prepare/duplicates/shingles.js';
import { Random } from '../src/random.js';
import { seconds } from './measure.js';

export interface DuplicatesResult {
  readonly seconds: number;
  /** Of the pairs that are similar by exact counting. */
  readonly missed: number;
  readonly pairs: number;
}

const threshold = 0.7;
const wordsOfText = 48;

const { values } = parseArgs({
  options: {
    texts: { type: 'string', default: '200000' },
    write: { type: 'string' },
    flagged: { type: 'string' },
    removed: { type: 'string' },
  },
});
const texts = generated(Number(values.texts));
if (values.write !== undefined) {
  mkdirSync(values.write, { recursive: true });
  writeFileSync(join(values.write, 'texts.txt'), `${texts.join('\n')}\n`);
  console.log(JSON.stringify({ texts: texts.length }));
} else if (values.flagged !== undefined) {
  const flags = readFileSync(values.flagged);
  console.log(JSON.stringify(missed((one, other) => flags[one] !== 1 || flags[other] !== 1)));
} else if (values.removed !== undefined) {
  const flags = readFileSync(values.removed);
  console.log(JSON.stringify(missed((one, other) => flags[one] !== 1 && flags[other] !== 1)));
} else console.log(JSON.stringify(timed()));

function timed(): DuplicatesResult {
  let duplicateOf: Uint32Array = new Uint32Array();
  const spent = seconds(() => {
    duplicateOf = nearDuplicates(texts, threshold).duplicateOf;
  });
  const stays = (text: number) => duplicateOf[text] === 0;
  return { seconds: spent, ...missed((one, other) => stays(one) && stays(other)) };
}

/** Counts the pairs at the threshold by an inverted index of all shingles. */
function missed(isMissed: (one: number, other: number) => boolean): Omit<DuplicatesResult, 'seconds'> {
  const shingler = new Shingler();
  const sizes: number[] = [];
  const holders = new Map<number, number[]>();
  const result = { missed: 0, pairs: 0 };
  for (const [text, content] of texts.entries()) {
    const shared = new Map<number, number>();
    const set = shingler.of(content);
    for (const shingle of set) {
      const known = holders.get(shingle) ?? [];
      for (const other of known) shared.set(other, (shared.get(other) ?? 0) + 1);
      known.push(text);
      holders.set(shingle, known);
    }
    for (const [other, count] of shared) {
      if (count / (set.length + (sizes[other] ?? 0) - count) < threshold) continue;
      result.pairs++;
      if (isMissed(other, text)) result.missed++;
    }
    sizes.push(set.length);
  }
  return result;
}

/** Words are distributed like those of a language: few are frequent and many are rare. */
function generated(count: number): string[] {
  const random = new Random(1);
  const word = () => `w${Math.floor(20_000 * (random.below(2 ** 20) / 2 ** 20) ** 3).toString(36)}`;
  const all: string[][] = [];
  for (let text = 0; text < count; text++) {
    const original = text % 2 === 1 ? all[random.below(all.length)] : undefined;
    const percent = random.below(30);
    all.push(
      original?.map((one) => (random.below(100) < percent ? word() : one)) ??
        Array.from({ length: wordsOfText }, word),
    );
  }
  return all.map((words) => words.join(' '));
}
