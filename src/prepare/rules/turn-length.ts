// Leaves out turns that are too long to be said in a conversation, such as pasted documents, and on request short ones.

import type { NumberSpec } from '../../option-spec.js';
import { changeTexts, type DialogueRule, limit } from '../rule.js';

const options = {
  minTurnCharacters: { ...limit, help: 'Leave out turns that have fewer characters.' },
  maxTurnCharacters: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 4000,
    min: 1,
    help: 'Leave out turns that have more characters.',
  },
  minTurnWords: {
    ...limit,
    help: 'Leave out turns that have fewer words; each Chinese or Japanese character is a word.',
  },
  maxTurnWords: { ...limit, help: 'Leave out turns that have more words.' },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const turnLength: DialogueRule<typeof options> = {
  name: 'turn-length',
  help: 'Keep turns of any length.',
  byDefault: true,
  options,
  examples: [
    { before: ['Hi', 'Hello there', 'Fine?', 'Yes'], after: ['Fine?', 'Yes'], options: { maxTurnWords: 1 } },
    {
      before: ['你好', '你好，朋友', '好', '再见'],
      after: ['你好', '你好，朋友'],
      options: { minTurnWords: 2 },
    },
    { before: ['Hi', 'Hello there'], after: null, options: { maxTurnCharacters: 5 } },
    { before: ['Ok', 'Yes'], after: null, options: { minTurnCharacters: 3 } },
  ],
  async start({ minTurnCharacters, maxTurnCharacters, minTurnWords, maxTurnWords }) {
    const { wordsIn } = await import('../../corpus/words.js');
    const countsWords = minTurnWords !== null || maxTurnWords !== null;
    const fits = (text: string) => {
      if (text.length < (minTurnCharacters ?? 0) || text.length > maxTurnCharacters) return false;
      if (!countsWords) return true;
      const words = wordsIn(text);
      return words >= (minTurnWords ?? 0) && words <= (maxTurnWords ?? Number.POSITIVE_INFINITY);
    };
    return (dialogue) => changeTexts(dialogue, (text) => (fits(text) ? text : ''));
  },
};
