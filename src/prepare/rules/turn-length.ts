// Leaves out turns that are too long to be said in a conversation, such as pasted documents.

import type { NumberSpec } from '../../option-spec.js';
import { changeTexts, type DialogueRule } from '../rule.js';

const options = {
  maxTurnCharacters: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 4000,
    min: 1,
    help: 'Leave out turns that are longer than this.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

export const turnLength: DialogueRule<typeof options> = {
  name: 'turn-length',
  help: 'Keep turns of any length.',
  byDefault: true,
  options,
  examples: [
    { before: ['Hi', 'Hello'], after: ['Hi', 'Hello'] },
    { before: ['Hi', 'Hello there'], after: null, options: { maxTurnCharacters: 5 } },
  ],
  start:
    ({ maxTurnCharacters }) =>
    (dialogue) =>
      changeTexts(dialogue, (text) => (text.length > maxTurnCharacters ? '' : text)),
};
