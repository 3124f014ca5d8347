// Reads a line per turn with the speaker before a tab: `Ann<TAB>Are you up?`. A blank line ends a dialogue.

import type { TextReader } from '../reader.js';
import { linesOf } from '../text-file.js';
import type { RawTurn } from './record.js';
import { speakerOf } from './roles.js';
import { tabSeparatedKind } from './tab-separated.js';

export const speakerLines: TextReader = {
  format: 'speakers',
  about: 'a line per turn with the speaker first: name<TAB>text; a blank line ends a dialogue',
  example: { 'talk.tsv': 'Ann\tAre you up?\nBen\tYes.\nAnn\tSoup?\nBen\tTomato.\n' },
  recognizes: ({ text }) => {
    const found = tabSeparatedKind(text);
    return found.kind === 'other' && found.what.startsWith('a speaker') ? 'sure' : 'no';
  },
  *read(file) {
    let turns: RawTurn[] = [];
    let [start, before] = [1, 0];
    for (const { text: line, number } of linesOf(file)) {
      const tab = line.indexOf('\t');
      if (number > before + 1 && turns.length > 0) {
        yield { turns, source: `${file.path}:${start}` };
        turns = [];
      }
      before = number;
      if (tab < 0) {
        yield { rejected: 'a line without a tab', line: number };
        continue;
      }
      if (turns.length === 0) start = number;
      const who = speakerOf(line.slice(0, tab).replace(/:\s*$/, ''));
      const isContext = who.role === 'system' || who.role === 'tool';
      turns.push({ text: line.slice(tab + 1).replace(/\r$/, ''), supervised: !isContext, ...who });
    }
    if (turns.length > 0) yield { turns, source: `${file.path}:${start}` };
  },
};
