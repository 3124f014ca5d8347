// No longer learns replies without any frequent English word, which are probably not English: the third filter of the DialoGPT paper
// (Zhang et al. 2020, section 2). It judges only replies in Latin letters. Unlike the paper's filter, it spares short replies:
// `Sounds great!` is English.

import type { NumberSpec } from '../../option-spec.js';
import { type DialogueRule, unlearn } from '../rule.js';

const options = {
  frequentWordsFrom: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 5,
    min: 1,
    max: 1000,
    help: 'The rule frequent-words judges replies of at least this many words. The DialoGPT paper judges all.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

/** The 50 most frequent words of English text, with their forms. What follows an apostrophe is a word of its own: it's, don't. */
const frequent: ReadonlySet<string> = new Set(
  'the be is are was were am been to of and a in that have has had i it for not on with he as you do does did at this but his by from they we say her she or an will my one all would there their what so up out if about who get which go me s t m re ll ve don'.split(
    ' ',
  ),
);

const words = /[\p{L}\p{M}]+/gu;

export const frequentWords: DialogueRule<typeof options> = {
  name: 'frequent-words',
  help: 'Do not learn replies without any frequent English word such as the, of or a. The DialoGPT paper leaves them out. Chinese and other scripts are not judged.',
  byDefault: false,
  options,
  examples: [
    { before: ['Where?', 'Wo kann man hier gut essen gehen'], after: null },
    { before: ['Coming?', 'Sounds great, thanks!'], after: ['Coming?', 'Sounds great, thanks!'] },
    {
      before: ['去哪里？', '我们去北京看朋友，明天早上出发'],
      after: ['去哪里？', '我们去北京看朋友，明天早上出发'],
    },
  ],
  start({ frequentWordsFrom: fewest }) {
    return (dialogue) =>
      unlearn(dialogue, 'the reply has no frequent English word', ({ text }) => {
        const all = text.toLowerCase().match(words) ?? [];
        if (all.length < fewest || all.some((word) => frequent.has(word))) return false;
        return all.every((word) => /^[\p{Script=Latin}\p{M}]+$/u.test(word));
      });
  },
};
