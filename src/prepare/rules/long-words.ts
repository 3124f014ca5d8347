// No longer learns replies with very long words, such as keys and file names: a filter of the DialoGPT authors' extractor.

import type { NumberSpec } from '../../option-spec.js';
import { type DialogueRule, unlearn } from '../rule.js';

const options = {
  maxWordCharacters: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 30,
    min: 1,
    max: 1000,
    help: 'A word with more characters is too long. Chinese, Japanese and Thai text has no words of its own.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const longWords: DialogueRule<typeof options> = {
  name: 'long-words',
  help: 'Do not learn replies with a word of more than 30 characters. The authors of DialoGPT leave them out.',
  byDefault: false,
  options,
  examples: [
    { before: ['Key?', 'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6'], after: null },
    {
      before: [
        '最近怎么样？',
        '我最近一直在学习怎么做饺子，昨天第一次自己包了三十个，味道还不错，下次请你来吃',
      ],
      after: [
        '最近怎么样？',
        '我最近一直在学习怎么做饺子，昨天第一次自己包了三十个，味道还不错，下次请你来吃',
      ],
    },
  ],
  start({ maxWordCharacters: most }) {
    const spaceless = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}`;
    const long = new RegExp(`(?:(?![${spaceless}])\\S){${most + 1}}`, 'u');
    return (dialogue) => unlearn(dialogue, 'the reply has a very long word', ({ text }) => long.test(text));
  },
};
