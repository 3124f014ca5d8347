// Measures retrieval on a set of questions that scripts/make-noise-set.mjs made: by language and threshold, how many noisy
// questions get the answer of the question that was meant, and how many unknown ones get any answer.
//   usage: npm run build && node scripts/measure-noise-set.mjs set.json
import { readFileSync } from 'node:fs';
import { defaultAnswers } from '../dist/src/bots/answer-settings.js';
import { RetrievalBot } from '../dist/src/bots/retrieval/retrieval-bot.js';
import { MemoryStore } from '../dist/src/bots/store/memory-store.js';
import { defaultSettings } from '../dist/src/generate/settings.js';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('name a file that scripts/make-noise-set.mjs wrote');
const set = JSON.parse(readFileSync(path, 'utf8'));
const store = new MemoryStore();
await store.learn(set.known);
const bot = await RetrievalBot.open(store, defaultAnswers);

/** The candidate that is answered from its score on, if it has no rival. */
function bestOf(text) {
  const { signal } = new AbortController();
  const asked = { user: null, conversation: null, timeZone: null, settings: defaultSettings, signal };
  const fitting = bot.candidates({ ...asked, turns: [text] }).filter(({ differs }) => !differs);
  const [best] = fitting;
  const isRival = ({ pair, score }) =>
    pair.answer !== best.pair.answer && best.score - score < defaultAnswers.ambiguityMargin;
  return best === undefined || (best.score < 1 && fitting.some(isRival)) ? null : best;
}

const percent = (part, whole) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`.padStart(8);
for (const language of ['en', 'zh']) {
  const of = (questions) => questions.filter((one) => one.language === language);
  const noisy = of(set.noisy).map(({ question, meant }) => ({ best: bestOf(question), meant }));
  const unknown = of(set.unknown).map(({ question }) => bestOf(question));
  console.log(`${language}: ${noisy.length} noisy and ${unknown.length} unknown questions`);
  console.log('threshold   right   wrong   answers to unknown questions');
  for (let hundredths = 50; hundredths <= 90; hundredths++) {
    const said = (best) => best !== null && best.score >= hundredths / 100;
    const answered = noisy.filter(({ best }) => said(best));
    const right = answered.filter(({ best, meant }) => best.pair.question === meant).length;
    const figures = [
      percent(right, noisy.length),
      percent(answered.length - right, noisy.length),
      percent(unknown.filter(said).length, unknown.length),
    ];
    console.log(`${(hundredths / 100).toFixed(2)}     ${figures.join('')}`);
  }
}
