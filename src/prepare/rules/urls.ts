// Leaves out turns with a web address: the first filter of the DialoGPT paper (Zhang et al. 2020, section 2). A model cannot
// learn addresses, but it learns to make them up.

import { changeTexts, type DialogueRule } from '../rule.js';

const address = /\b(?:https?|ftp):\/\/[^\s/]|\bwww\.[\w-]{1,63}\.\w/i;

export const urls: DialogueRule = {
  name: 'urls',
  help: 'Leave out turns with a web address. The DialoGPT paper does that.',
  byDefault: false,
  options: {},
  examples: [
    {
      before: ['Where?', 'See https://shop.example/faq', 'And when?', 'At five'],
      after: ['And when?', 'At five'],
    },
    { before: ['在哪里？', '见www.shop.example'], after: null },
    { before: ['Do you know HTTP?', 'Yes: http and www'], after: ['Do you know HTTP?', 'Yes: http and www'] },
  ],
  start: () => (dialogue) => changeTexts(dialogue, (text) => (address.test(text) ? '' : text)),
};
