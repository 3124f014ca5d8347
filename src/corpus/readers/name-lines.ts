// Reads a line per turn with the speaker before a colon: `Ann: Are you up?`. Lines without a name continue the turn. A blank
// line ends a dialogue, unless blank lines stand between most turns. Few things look like such lines, but logs and settings do:
// the names must be few, and come again and again.

import type { TextReader } from '../reader.js';
import { type Line, linesOf } from '../text-file.js';
import type { RawTurn } from './record.js';
import { speakerOf } from './roles.js';

const named = /^([^\s:：\t"'{}[\]()<>#/\\\d-][^:：\t]{0,29})(?::\s|：)\s*(\S[^\t]*)$/u;
const mostNames = 20;
const mostLines = 500;
/** What programs write before the lines of a log. */
const levels = /^(?:info|warn|warning|error|debug|trace|fatal|notice|critical)$/i;

export const nameLines: TextReader = {
  format: 'names',
  about: 'a line per turn with the speaker and a colon first: name: text',
  example: { 'talk.txt': 'Ann: Are you up?\nBen: Yes.\nAnn: Soup?\nBen: Tomato.\n' },
  recognizes({ name, text }) {
    if (/\.(?:csv|tsv|json|jsonl|ya?ml|log|ini|conf)$/.test(name)) return 'no';
    const lines = text.split('\n', mostLines).filter((line) => line.trim() !== '');
    const speakers = lines.flatMap((line) => named.exec(line)?.[1]?.trim() ?? []);
    const different = new Set(speakers);
    const comeAgain = different.size >= 2 && different.size <= Math.min(mostNames, speakers.length / 2);
    const areMost = speakers.length >= 4 && speakers.length >= 0.8 * lines.length;
    return comeAgain && areMost && ![...different].some((one) => levels.test(one)) ? 'maybe' : 'no';
  },
  *read(file, { tally }) {
    const separates = blanksAreFew(linesOf(file));
    let turns: RawTurn[] = [];
    let [start, before] = [1, 0];
    for (const { text: line, number } of linesOf(file)) {
      const [, name, text = ''] = named.exec(line) ?? [];
      const isNew = separates && number > before + 1 && name !== undefined;
      before = number;
      if (isNew && turns.length > 0) {
        yield { turns, source: `${file.path}:${start}` };
        turns = [];
      }
      const last = turns.at(-1);
      if (name !== undefined) {
        if (turns.length === 0) start = number;
        turns.push({ text, supervised: true, ...speakerOf(name) });
      } else if (last) turns[turns.length - 1] = { ...last, text: `${last.text}\n${line}` };
      else tally.skip('a line before the first name', number);
    }
    if (turns.length > 0) yield { turns, source: `${file.path}:${start}` };
  },
};

/** Whether blank lines stand before less than half of the turns at the beginning. */
function blanksAreFew(lines: Iterable<Line>): boolean {
  let [turns, blanks, before] = [0, 0, 0];
  for (const { text, number } of lines) {
    if (named.test(text)) {
      turns++;
      if (number > before + 1) blanks++;
    }
    before = number;
    if (turns >= mostLines) break;
  }
  return 2 * blanks < turns;
}
