// No longer learns replies with brackets or tags, which can be markup: the fourth filter of the DialoGPT paper (Zhang et al. 2020,
// section 2).

import { type DialogueRule, unlearn } from '../rule.js';

const brackets = /[[\]]|<\/?[a-z][^<>]{0,200}>/i;

export const markup: DialogueRule = {
  name: 'markup',
  help: 'Do not learn replies with square brackets or HTML tags. The DialoGPT paper leaves them out.',
  byDefault: false,
  options: {},
  examples: [
    { before: ['Where?', 'See [this page]'], after: null },
    { before: ['在哪里？', '<b>这里</b>'], after: null },
    { before: ['Is 3 < 5?', 'Yes (of course), 5 > 3'], after: ['Is 3 < 5?', 'Yes (of course), 5 > 3'] },
  ],
  start: () => (dialogue) => unlearn(dialogue, 'the reply may be markup', ({ text }) => brackets.test(text)),
};
