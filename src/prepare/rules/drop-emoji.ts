// Removes emoji from texts. They are kept by default, because they are replies.

import { changeTexts, type DialogueRule } from '../rule.js';

const one = String.raw`(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\ufe0f))[\p{Emoji_Modifier}\ufe0f\u20e3]*`;
const emoji = new RegExp(String.raw`${one}(?:\u200d${one})*|[0-9#*]\ufe0f\u20e3`, 'gu');

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
