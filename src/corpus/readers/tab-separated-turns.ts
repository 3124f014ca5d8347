// Reads a dialogue per line, with its turns separated by tabs. The number of turns differs from line to line; a table has the
// same number of columns everywhere.

import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';
import { tabSeparatedKind } from './tab-separated.js';

export const tabSeparatedTurns: TextReader = {
  format: 'tabs',
  about: 'a dialogue per line, its turns separated by tabs',
  example: { 'dialogues.txt': 'Lunch?\tSoup.\tWhich soup?\tTomato.\nHi\tHello\n' },
  recognizes({ text }) {
    const lines = text.split('\n', 500).filter((line) => line.trim() !== '');
    const counts = lines.map((line) => line.split('\t').length);
    const usual = counts.filter((count) => count === counts[counts.length >> 1]).length;
    // A table can have a title or a damaged line.
    const differ = counts.length < 10 ? usual < counts.length : usual < 0.9 * counts.length;
    const isTalk = differ && !counts.includes(1);
    return isTalk && tabSeparatedKind(text).kind === 'pairs' ? 'maybe' : 'no';
  },
  *read(file) {
    for (const { text, number } of linesOf(file)) {
      const turns = text.replace(/\r$/, '').split('\t');
      yield {
        turns: turns.map((turn) => ({ text: turn, supervised: true })),
        source: `${file.path}:${number}`,
      };
    }
  },
};
