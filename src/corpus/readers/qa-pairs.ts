// Reads questions and answers: { "text": "...", "response": "..." }, or instructions in the format of Alpaca and Dolly:
// { "instruction": "...", "input": "...", "output": "..." }. The input goes on the line after the instruction. The answer
// can also be the "chosen" one of a preference pair.

import type { Fields } from '../../objects.js';
import type { RecordReader } from '../reader.js';
import { has, listOf, neededText, type RawTurn, textOf } from './record.js';
import { systemFields, systemTurns } from './system.js';

interface Shape {
  readonly question: string;
  /** Fields whose text goes below the question. */
  readonly more: readonly string[];
  readonly answer: string;
  readonly fields: ReadonlySet<string>;
}

function shape(question: string, more: readonly string[], answer: string): Shape {
  const fields = new Set([question, ...more, answer, ...systemFields, 'history']);
  if (answer === 'chosen') fields.add('rejected');
  return { question, more, answer, fields };
}

const instructionParts = ['input', 'context'];

/** In order of priority: the first shape that matches a record is used. */
const shapes: readonly Shape[] = [
  shape('text', [], 'response'),
  shape('instruction', instructionParts, 'output'),
  shape('instruction', instructionParts, 'response'),
  shape('question', ['context'], 'answer'),
  shape('prompt', [], 'completion'),
  shape('input', [], 'output'),
  shape('text', [], 'chosen'),
  shape('instruction', instructionParts, 'chosen'),
  shape('prompt', [], 'chosen'),
];

export const qaPairs: RecordReader = {
  format: 'qa',
  about: 'questions and answers; Alpaca, Dolly and preference pairs',
  example: { 'pairs.jsonl': '{"text": "Open on Sunday?", "response": "Until six."}\n' },
  expects: 'text and response',
  fields: (record) => shapeOf(record)?.fields ?? new Set(),
  matches: (record) => shapeOf(record) !== undefined,
  read(record, { source, tally }) {
    const { question, more, answer } = shapeOf(record) ?? shape('text', [], 'response');
    if (answer === 'chosen') tally.count('preference');
    const asked = [
      neededText(record, question),
      ...more.map((field) => textOf(record[field], field) ?? ''),
    ].filter((text) => text.trim() !== '');
    const turns: RawTurn[] = [
      ...systemTurns(record),
      ...earlierTurns(record),
      { text: asked.join('\n'), supervised: true, role: 'user' },
      { text: neededText(record, answer), supervised: true, role: 'assistant' },
    ];
    return [{ turns, source }];
  },
};

function shapeOf(record: Fields): Shape | undefined {
  return shapes.find(
    ({ question, answer }) =>
      Object.hasOwn(record, question) &&
      Object.hasOwn(record, answer) &&
      // If the chosen answer is a list of messages, messages.ts reads the record.
      (answer !== 'chosen' || typeof record.chosen === 'string'),
  );
}

/** The earlier questions and answers in `history`. */
function earlierTurns(record: Fields): RawTurn[] {
  if (!has(record, 'history')) return [];
  return listOf(record.history, 'history').flatMap((pair): RawTurn[] => {
    const [question, answer] = listOf(pair, 'a pair in history');
    return [
      { text: textOf(question, 'a pair in history'), supervised: true, role: 'user' },
      { text: textOf(answer, 'a pair in history'), supervised: true, role: 'assistant' },
    ];
  });
}
