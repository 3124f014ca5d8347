// Makes a set of questions to measure retrieval on, from conversations of any format that the corpus readers know: known
// questions with their answers, noisy wordings of some of them, and questions that are not known. The same files and seed
// give the same set.
//   usage: npm run build && node scripts/make-noise-set.mjs --out set.json [--questions 12000] [--noisy 1500] [--unknown 1500]
//          [--seed 1] PATH...
// scripts/measure-noise-set.mjs measures retrieval on it; `src/bots/retrieval/retrieval-bot.test.ts` does with a set from data/.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { noiseSet } from '../dist/test/bots/noise-set.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    questions: { type: 'string', default: '12000' },
    noisy: { type: 'string', default: '1500' },
    unknown: { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
  },
});
if (values.out === undefined || positionals.length === 0)
  throw new Error('name a file after --out, and files with conversations');
const { seed, questions, noisy, unknown } = values;
const set = noiseSet(positionals, {
  seed: Number(seed),
  questions: Number(questions),
  noisy: Number(noisy),
  unknown: Number(unknown),
});
writeFileSync(values.out, JSON.stringify(set));
console.log(
  `${values.out}: ${set.known.length} known questions, ${set.noisy.length} noisy wordings, ${set.unknown.length} unknown questions`,
);
