// Reads a dialogue per line, with a marker after each turn: `__eou__` as in DailyDialog. `__eot__` ends a turn of several
// utterances, as in the Ubuntu Dialogue Corpus.

import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';

export const markedTurns: TextReader = {
  format: 'dailydialog',
  about: 'DailyDialog: a dialogue per line, with __eou__ after each turn',
  example: {
    'dialogues_text.txt': 'Good morning . __eou__ May I help you ? __eou__ A ticket , please . __eou__\n',
  },
  recognizes({ text }) {
    const lines = text.split('\n', 20).filter((line) => line.trim() !== '');
    return lines.length > 0 && lines.every((line) => line.includes('__eou__')) ? 'sure' : 'no';
  },
  *read(file) {
    for (const { text, number } of linesOf(file)) {
      const turns = text.includes('__eot__')
        ? text.split('__eot__').map((turn) =>
            turn
              .split('__eou__')
              .map((part) => part.trim())
              .join('\n'),
          )
        : text.split('__eou__');
      // A marker ends each turn, so the last part is empty.
      const spoken = turns.at(-1)?.trim() === '' ? turns.slice(0, -1) : turns;
      yield {
        turns: spoken.map((turn) => ({ text: turn, supervised: true })),
        source: `${file.path}:${number}`,
      };
    }
  },
};
