// Reads blocks of `E` and `M` lines, as Chinese chat corpora are distributed: `E` begins a dialogue, and each `M` line is a
// turn. Spaces or slashes between the characters of a turn are word boundaries and are removed between Chinese characters.

import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';
import type { RawTurn } from './record.js';

const betweenHan = /(?<=\p{Script=Han}|[，。？！、])[ /](?=\p{Script=Han}|[，。？！、])/gu;

export const emBlocks: TextReader = {
  format: 'em',
  about: 'blocks of an E line and an M line per turn, as in Chinese chat corpora',
  example: { 'chats.conv': 'E\nM 你好\nM 你好呀\nE\nM 吃了吗\nM 吃了\n' },
  recognizes({ text }) {
    const lines = text.split('\n', 60).map((line) => line.trimEnd());
    const used = lines.filter((line) => line !== '');
    const known = used.filter((line) => line === 'E' || line.startsWith('M '));
    return used[0] === 'E' && known.length >= 0.8 * used.length ? 'sure' : 'no';
  },
  *read(file) {
    let turns: RawTurn[] = [];
    let start = 1;
    for (const { text, number } of linesOf(file)) {
      const line = text.trimEnd();
      if (line === 'E') {
        if (turns.length > 0) yield { turns, source: `${file.path}:${start}` };
        [turns, start] = [[], number];
      } else if (line === 'M' || line.startsWith('M '))
        turns.push({ text: line.slice(2).replace(betweenHan, ''), supervised: true });
      else yield { rejected: 'a line that begins with neither E nor M', line: number };
    }
    if (turns.length > 0) yield { turns, source: `${file.path}:${start}` };
  },
};
