// No longer learns replies in capitals, so that the bot does not shout. They are not put in small letters, because then names and
// sentences would begin with small letters too.

import { type DialogueRule, unlearn } from '../rule.js';

const placeholder = /\[[A-Z_]{1,40}\d{0,9}\]/g;
const capitals = /\p{Lu}/gu;
const letters = /\p{L}/gu;
const capitalWord = /(?<!\p{L})\p{Lu}{2,}(?!\p{Ll})/gu;

/** With fewer, it is an abbreviation or a single word: `NASA`, `STOP!` */
const fewestCapitals = 8;
const fewestWords = 2;
const leastShare = 0.8;

export const shouting: DialogueRule = {
  name: 'shouting',
  help: 'Do not learn replies that are written in capitals.',
  byDefault: false,
  options: {},
  examples: [
    { before: ['Hello?', 'GO AWAY NOW!!'], after: null },
    { before: ['Who?', 'NASA', 'OK?', 'I LOVE it'], after: ['Who?', 'NASA', 'OK?', 'I LOVE it'] },
    {
      before: ['在哪里买？', '在APPLE STORE官网买，不要去其他的店里买'],
      after: ['在哪里买？', '在APPLE STORE官网买，不要去其他的店里买'],
    },
    { before: ['Mail?', '[NAME_1] [EMAIL]'], after: ['Mail?', '[NAME_1] [EMAIL]'] },
  ],
  start: () => (dialogue) =>
    unlearn(dialogue, 'the reply is written in capitals', ({ text }) => isShouted(text)),
};

function isShouted(text: string): boolean {
  // Titles in capitals are usual in scripts that have none.
  if (/\p{Lo}/u.test(text)) return false;
  const own = text.replace(placeholder, '');
  const count = (pattern: RegExp) => own.match(pattern)?.length ?? 0;
  const high = count(capitals);
  return high >= fewestCapitals && high >= leastShare * count(letters) && count(capitalWord) >= fewestWords;
}
