// Reads conversations as training does, and prints their number of tokens and the longest dialogue.
//   node examples/corpus.mjs data/faq.json data/small-talk.jsonl

import { openTokenizer, readCorpus } from 'chatbot-train';

const paths = process.argv.slice(2);
const { dialogues, summary } = readCorpus(
  paths.length > 0 ? paths : ['data/faq.json', 'data/small-talk.jsonl'],
);
for (const file of summary.files)
  console.log(`${file.path}: ${file.dialogues} dialogues, ${file.turns} turns (${file.format})`);

const tokenizer = await openTokenizer('tiny');
const lengths = dialogues.map((dialogue) => {
  const ids = dialogue.turns.flatMap(({ text }) => [...tokenizer.encode(text), tokenizer.endOfText]);
  return { source: dialogue.source, tokens: ids.length };
});
const total = lengths.reduce((sum, { tokens }) => sum + tokens, 0);
const [longest] = lengths.sort((one, other) => other.tokens - one.tokens);
console.log(`${total} tokens in ${dialogues.length} dialogues`);
if (longest) console.log(`the longest is ${longest.source}, with ${longest.tokens} tokens`);

const ids = tokenizer.encode('Hello, how are you?');
console.log(ids, JSON.stringify(tokenizer.decode(ids)));
