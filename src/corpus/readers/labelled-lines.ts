// Reads text in which each turn begins with a label: `Q:` and `A:`, `User:` and `Bot:`, `问：` and `答：`. Lines without a
// label continue the turn. A blank line or a line of `===` or `---` ends a dialogue. If the file has neither, each `Q:`
// begins a dialogue, because a list of questions and answers is not one conversation; other labels make one dialogue.

import type { Role } from '../dialogue.js';
import type { TextReader } from '../reader.js';
import { beginningOfText, linesOf, type TextFile } from '../text-file.js';
import type { RawDialogue, RawTurn } from './record.js';

/** The first label of each pair asks. */
const pairs: readonly (readonly [asks: readonly string[], answers: readonly string[]])[] = [
  [
    ['q', 'question', 'frage', 'pregunta', '问', '問', '问题', '問題'],
    ['a', 'answer', 'antwort', 'respuesta', '答', '答案', '回答'],
  ],
  [
    ['user', 'human', 'customer', 'client', 'me', '用户', '用戶', '客户', '客戶'],
    ['bot', 'assistant', 'ai', 'agent', 'support', 'chatbot', '助手', '客服', '机器人', '機器人'],
  ],
];

const labels = new Map<string, { readonly role: Role; readonly isQuestion: boolean }>(
  pairs.flatMap(([asks, answers], index) => [
    ...asks.map((name) => [name, { role: 'user', isQuestion: index === 0 }] as const),
    ...answers.map((name) => [name, { role: 'assistant', isQuestion: false }] as const),
  ]),
);

const labelled = /^\s*(?:\*\*)?([\p{L}]{1,10})(?:\*\*)? ?\d{0,5}\s*[:：](?:\*\*)?\s{0,100}(.*)$/su;
/** A heading of Markdown. */
const heading = /^#{1,6} \S/;
const rule = /^\s*(?:={3,}|-{3,}|\*{3,}|#{3,})\s*$/;

export const labelledLines: TextReader = {
  format: 'labelled',
  about: 'text with a label before each turn: Q: and A:, User: and Bot:, 问： and 答：',
  example: { 'faq.txt': 'Q: Are you open on Sunday?\nA: Until six.\n\nQ: Do you deliver?\nA: Yes.\n' },
  recognizes({ text }) {
    const found = text.split('\n', 400).flatMap((line) => labelOf(line)?.role ?? []);
    const first = text.split('\n').find((line) => line.trim() !== '' && !rule.test(line)) ?? '';
    if (!found.includes('user') || !found.includes('assistant')) return 'no';
    return labelOf(first) ? 'sure' : 'maybe';
  },
  *read(file, { tally }) {
    const hasRules = hasSeparators(file);
    let talk = new Talk(file.path);
    let lineBefore = 0;
    for (const { text: line, number } of linesOf(file)) {
      const label = labelOf(line);
      // Blank lines are left out, so a jump of the line number shows one. One within an answer does not end it.
      const isAfterBlank = number > lineBefore + 1;
      const isHeading = isAfterBlank && heading.test(line);
      const isSeparated = rule.test(line) || isHeading || (isAfterBlank && label?.role === 'user');
      lineBefore = number;
      if (isSeparated || (!hasRules && label?.isQuestion === true)) {
        yield* talk.end();
        talk = new Talk(file.path);
      }
      if (rule.test(line)) continue;
      if (label) talk.begin({ text: label.text, supervised: true, role: label.role }, number);
      else if (isHeading || !talk.continue(line))
        tally.skip('a heading or another line without a label', number);
    }
    yield* talk.end();
  },
};

class Talk {
  private readonly turns: RawTurn[] = [];
  private start = 0;

  constructor(private readonly path: string) {}

  begin(turn: RawTurn, line: number): void {
    if (this.turns.length === 0) this.start = line;
    this.turns.push(turn);
  }

  /** @returns false if there is no turn to continue. */
  continue(line: string): boolean {
    const last = this.turns.at(-1);
    if (last === undefined) return false;
    this.turns[this.turns.length - 1] = { ...last, text: `${last.text}\n${line}` };
    return true;
  }

  *end(): Generator<RawDialogue> {
    if (this.turns.length > 0) yield { turns: this.turns, source: `${this.path}:${this.start}` };
  }
}

/** Whether blank lines or rules separate the dialogues of a file. Looks at the first 64 K characters. */
function hasSeparators(file: TextFile): boolean {
  const lines = beginningOfText(file, 2 ** 16)
    .slice(0, 2 ** 16)
    .trim()
    .split('\n');
  return lines.some((line) => line.trim() === '' || rule.test(line));
}

function labelOf(line: string) {
  const [, name = '', text = ''] = labelled.exec(line) ?? [];
  const known = labels.get(name.toLowerCase());
  return known && { ...known, text };
}
