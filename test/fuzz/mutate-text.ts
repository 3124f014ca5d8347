// Mutations of text formats that have lines, fields and keywords.

import type { Dice } from './dice.js';
import { mutateBytes } from './mutate-bytes.js';
import { hostileTexts } from './mutate-json.js';

/** @param words strings that have a meaning in the format. */
export function mutateText(text: string, dice: Dice, words: readonly string[], other: string): Buffer {
  if (dice.chance(4)) return mutateBytes(Buffer.from(text), dice, Buffer.from(other));
  let lines = text.split('\n');
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const at = dice.below(lines.length);
    const line = lines[at] ?? '';
    const cut = dice.below(line.length + 1);
    const word = (dice.chance(3) ? dice.pick(hostileTexts) : dice.pick(words)) ?? '';
    switch (dice.below(8)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, ...Array<string>(dice.length(30)).fill(line));
        break;
      case 2:
        lines[at] = line.slice(0, cut) + word + line.slice(cut);
        break;
      case 3:
        lines[at] = line.slice(cut);
        break;
      case 4:
        lines[at] = line.slice(0, cut);
        break;
      case 5:
        lines[at] = line.slice(0, cut) + word.repeat(dice.length(10)) + line.slice(cut);
        break;
      case 6: {
        const others = other.split('\n');
        lines.splice(at, 0, dice.pick(others) ?? '');
        break;
      }
      default:
        lines = [lines.join(dice.pick(['\r\n', '\r', ' ', '\n\n', '\u2028']))];
    }
  }
  return Buffer.from(lines.join('\n')).subarray(0, 2 ** 18);
}
