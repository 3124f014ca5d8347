// Leaves out turns in which nothing can be seen: blank characters that count as letters, and marks that stand for a picture
// or for a character that was lost.

import { changeTexts, type DialogueRule } from '../rule.js';

const visible = /(?![\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffd])[\p{L}\p{N}\p{P}\p{S}]/u;

export const emptyTurns: DialogueRule = {
  name: 'empty-turns',
  help: 'Keep turns in which nothing can be seen.',
  byDefault: true,
  options: {},
  examples: [
    { before: ['Hi', '\ufffc', 'Nice picture', 'Thanks'], after: ['Nice picture', 'Thanks'] },
    { before: ['Hi', '...', '😀'], after: ['Hi', '...', '😀'] },
    { before: ['你好', '\u3164\u200d'], after: null },
  ],
  start: () => (dialogue) => changeTexts(dialogue, (text) => (visible.test(text) ? text : '')),
};
