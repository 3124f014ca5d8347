// Brings white space to one form: no invisible characters, plain spaces, one at a time, no spaces at the ends of lines, and at
// most one empty line in a row. Line breaks inside a turn stay.

import type { TextRepair } from '../rule.js';

/** Zero-width spaces, word joiners, byte order marks, soft hyphens, and marks of direction outside of right-to-left text. */
const invisible = /[\u00ad\u200b\u2060\ufeff]/g;
const directions = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
const odd = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** Line breaks of other systems. */
const breaks = /\r\n?|[\u0085\u2028\u2029\v\f]/g;

export const whiteSpace: TextRepair = {
  name: 'white-space',
  help: 'Keep white space as it is, instead of removing repeated, odd and invisible spaces.',
  byDefault: true,
  options: {},
  examples: [
    {
      before: ['How   are\u00a0you?', ' Fine.\u200b \n\n\n\nAnd you?'],
      after: ['How are you?', 'Fine.\n\nAnd you?'],
    },
    { before: ['你好\u3000\u3000吗？', '\ufeff很好'], after: ['你好 吗？', '很好'] },
  ],
  start: () => spaced,
};

function spaced(text: string): string {
  const visible = text.replace(breaks, '\n').replace(invisible, '');
  const undirected = rightToLeft.test(visible) ? visible : visible.replace(directions, '');
  return undirected
    .replace(odd, ' ')
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
