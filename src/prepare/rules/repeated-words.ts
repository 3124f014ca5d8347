// No longer learns replies that say a word or phrase several times in a row: the second filter of the DialoGPT paper (Zhang et al.
// 2020, section 2). Models learn to repeat themselves from them.

import type { NumberSpec } from '../../option-spec.js';
import { type DialogueRule, unlearn } from '../rule.js';

const options = {
  maxRepeatedWords: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 2,
    min: 1,
    max: 100,
    help: 'A word or phrase that is said more often than this in a row is a repetition.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const repeatedWords: DialogueRule<typeof options> = {
  name: 'repeated-words',
  help: 'Do not learn replies that say a word three times in a row. The DialoGPT paper leaves them out.',
  byDefault: false,
  options,
  examples: [
    { before: ['Really?', 'no no no'], after: null },
    { before: ['Really?', 'Very, very good'], after: ['Really?', 'Very, very good'] },
    { before: ['是吗？', '真的真的真的'], after: null },
    { before: ['好笑吗？', '哈哈哈哈，真的'], after: ['好笑吗？', '哈哈哈哈，真的'] },
  ],
  start({ maxRepeatedWords: most }) {
    const word = "[\\p{L}\\p{N}'’]{1,40}";
    // One Han character is no word: 哈哈哈 is laughter. Two to four are.
    const repeated = new RegExp(
      `(?<![\\p{L}\\p{N}])(${word})(?:[^\\p{L}\\p{N}]{1,3}\\1){${most},}(?![\\p{L}\\p{N}])|(?!(\\p{Script=Han})\\2)(\\p{Script=Han}{2,4}?)\\3{${most},}`,
      'iu',
    );
    return (dialogue) => unlearn(dialogue, 'the reply repeats a word', ({ text }) => repeated.test(text));
  },
};
