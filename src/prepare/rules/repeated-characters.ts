// Shortens what is repeated for emphasis: `soooooo`, `!!!!!!`, `哈哈哈哈哈哈哈哈`, `hahahahahaha`. Numbers, identifiers, addresses
// and what lines are drawn with stay as they are.

import type { NumberSpec } from '../../option-spec.js';
import { changeTexts, type DialogueRule } from '../rule.js';

const options = {
  maxRepeatedCharacters: {
    group: 'Cleaning',
    type: 'integer',
    value: 'n',
    default: 4,
    min: 2,
    max: 1000,
    help: 'Shorten characters and syllables that are repeated more often than this in a row.',
  },
} as const satisfies Readonly<Record<string, NumberSpec>>;

/** Digits, white space, and what tables and lines are drawn with. */
const stays = /^[\p{N}\p{M}\p{Cf}\s\-_=#*|/\\+<>`:.]/u;
/** What stands directly around a word that is an identifier, an address or a number. */
const identifier = /[\p{N}_@/]|:\/\//u;
/** No word is longer. It bounds the search. */
const longestWord = 64;

export const repeatedCharacters: DialogueRule<typeof options> = {
  name: 'repeated-characters',
  help: 'Keep characters that are repeated many times, such as sooooooo, instead of shortening them.',
  byDefault: true,
  options,
  examples: [
    {
      before: ['That is soooooooo good!!!!!!!!', 'hahahahahahaha'],
      after: ['That is soooo good!!!!', 'hahahaha'],
    },
    {
      before: ['哈哈哈哈哈哈哈哈', '太好了！！！！！！！😂😂😂😂😂😂'],
      after: ['哈哈哈哈', '太好了！！！！😂😂😂😂'],
    },
    {
      before: ['It costs 1000000', 'See www.aaaaaaa.com/x'],
      after: ['It costs 1000000', 'See www.aaaaaaa.com/x'],
    },
    { before: ['好好好好', 'Nooo'], after: ['好好', 'Noo'], options: { maxRepeatedCharacters: 2 } },
  ],
  start({ maxRepeatedCharacters: most }) {
    const repeated = new RegExp(`(\\S)\\1{${most},}|(\\p{L}{2,4}?)\\2{${most},}`, 'gu');
    const bounded = (text: string) =>
      text.replace(
        repeated,
        (whole, character: string | undefined, syllable: string | undefined, at: number) => {
          const unit = character ?? syllable ?? '';
          return stays.test(unit) || isInIdentifier(text, at, at + whole.length) ? whole : unit.repeat(most);
        },
      );
    return (dialogue) => changeTexts(dialogue, bounded);
  },
};

/** Whether the characters in [start, end) stand in a word such as `0xffffff` or `https://aaaaa.com`. Only ASCII words are. */
function isInIdentifier(text: string, start: number, end: number): boolean {
  if (!/^[a-z]/i.test(text.slice(start, end))) return false;
  const before = /[\w@/:.-]{0,64}$/.exec(text.slice(Math.max(0, start - longestWord), start))?.[0] ?? '';
  const after = /^[\w@/:.-]*/.exec(text.slice(end, end + longestWord))?.[0] ?? '';
  return identifier.test(`${before} ${after}`) || /\w\.$/.test(before) || /^\.\w/.test(after);
}
