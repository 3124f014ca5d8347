// Removes emoji from texts. They are kept by default, because they are replies.

import { emoji } from '../emoji.js';
import { changeTexts, type DialogueRule } from '../rule.js';

export const dropEmoji: DialogueRule = {
  name: 'drop-emoji',
  help: 'Remove emoji. Turns that hold nothing else are left out.',
  byDefault: false,
  options: {},
  examples: [
    { before: ['Coming? 🙂', 'Yes 👍🏽 see you'], after: ['Coming?', 'Yes see you'] },
    { before: ['好吃吗？😋😋', '好吃👨‍👩‍👧！'], after: ['好吃吗？', '好吃！'] },
    { before: ['5 * 3 = 15 ©', 'OK'], after: ['5 * 3 = 15 ©', 'OK'] },
    { before: ['Hi', '👍'], after: null },
  ],
  start: () => (dialogue) =>
    changeTexts(dialogue, (text) => {
      const without = text.replace(emoji, '');
      return without === text ? text : without.replace(/ {2,}/g, ' ').trim();
    }),
};
