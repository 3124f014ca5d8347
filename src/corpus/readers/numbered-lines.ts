// Reads numbered lines as in bAbI and Persona-Chat: `1 hello<TAB>hi`. A dialogue ends where the numbers start again, or at a
// blank line. Columns after the reply are rewards and candidates, which are not used. Personas are kept beside the dialogue.

import type { TextReader } from '../reader.js';
import type { Tally } from '../tally.js';
import { type Line, linesOf } from '../text-file.js';
import type { RawDialogue, RawTurn } from './record.js';

const numbered = /^(\d{1,6}) (.*)$/s;
const persona = /^(?:your|partner's) persona: /;
/** What bAbI writes for a turn without words. */
const silence = '<SILENCE>';

export const numberedLines: TextReader = {
  format: 'numbered',
  about: 'numbered lines of bAbI and Persona-Chat: N text<TAB>reply',
  example: {
    'dialogues.txt': '1 hello\thi, how can i help?\n2 a table for two\ton its way\n1 bye\tgoodbye\n',
  },
  recognizes({ text }) {
    const lines = text.split('\n', 200).filter((line) => line.trim() !== '');
    const numbers = lines.map((line) => Number(numbered.exec(line)?.[1] ?? Number.NaN));
    const counts = (number: number, index: number) =>
      number <= 1 || (index > 0 && number === (numbers[index - 1] ?? 0) + 1);
    const isNumbered = numbers.every(counts) && (numbers[0] ?? 2) <= 1;
    const isTalk = lines.some((line) => line.includes('\t') || persona.test(numbered.exec(line)?.[2] ?? ''));
    // A single line could be a table that begins with an index. Candidates give it away.
    const isCertain = lines.length > 1 || /^[^\t]*(?:\t[^\t]+)*\t\t.*\|/.test(lines[0] ?? '');
    return isNumbered && isTalk && isCertain ? 'sure' : 'no';
  },
  *read(file, { tally }) {
    let dialogue = new Dialogue(file.path);
    for (const { text: line, number: place } of linesOf(file)) {
      const [, count, text = ''] = numbered.exec(line.replace(/\r$/, '')) ?? [];
      if (count === undefined) {
        yield { rejected: 'a line without a number', line: place };
        continue;
      }
      if (dialogue.endsBefore(Number(count), place)) {
        yield* dialogue.end();
        dialogue = new Dialogue(file.path);
      }
      dialogue.add(text, Number(count), place, tally);
    }
    yield* dialogue.end();
  },
};

class Dialogue {
  private readonly turns: RawTurn[] = [];
  private readonly persona: string[] = [];
  private first = 0;
  private last: { count: number; place: number } | undefined;

  constructor(private readonly path: string) {}

  /** `linesOf` leaves blank lines out, so a jump of the line number shows one. */
  endsBefore(count: number, place: number): boolean {
    return this.last !== undefined && (count <= this.last.count || place > this.last.place + 1);
  }

  add(text: string, count: number, place: Line['number'], tally: Tally): void {
    if (this.last === undefined) this.first = place;
    this.last = { count, place };
    if (persona.test(text)) {
      this.persona.push(text);
      tally.count('persona');
      return;
    }
    const [said = '', reply, , candidates] = text.split('\t');
    if (candidates !== undefined) tally.unused('candidates');
    this.turns.push(...(said === silence ? [] : [turn(said)]), ...(reply === undefined ? [] : [turn(reply)]));
  }

  *end(): Generator<RawDialogue> {
    const { turns, persona: about, path, first } = this;
    if (turns.length > 0)
      yield { turns, source: `${path}:${first}`, ...(about.length > 0 && { persona: about }) };
  }
}

function turn(text: string): RawTurn {
  return { text, supervised: true };
}
