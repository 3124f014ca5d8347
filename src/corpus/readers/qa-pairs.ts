// Reads questions and answers: { "text": "...", "response": "..." }, or instructions in the format of Alpaca and Dolly:
// { "instruction": "...", "input": "...", "output": "..." }. The input goes on the line after the instruction. The answer
// can also be the "chosen" one of a preference pair, or a list of answers, each of which gives a dialogue.

import { type Fields, isRecord } from '../../objects.js';
import type { SingleRecordReader } from '../reader.js';
import { has, listOf, neededText, type RawTurn, RecordError, textOf } from './record.js';
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
  ...[
    ['question', 'answer'],
    ['question', 'response'],
    ['question', 'answers'],
    ['question', 'human_answers'],
    ['prompt', 'completion'],
    ['prompt', 'response'],
    ['query', 'response'],
    ['query', 'answer'],
    ['query', 'reply'],
    ['input', 'output'],
    ['input', 'response'],
    ['input', 'target'],
    ['source', 'target'],
    ['message', 'response'],
    ['message', 'reply'],
    ['user', 'assistant'],
    ['user', 'bot'],
    ['human', 'assistant'],
    ['human', 'bot'],
    ['q', 'a'],
    ['问题', '答案'],
    ['问题', '回答'],
    ['问', '答'],
  ].map(([question = '', answer = '']) => shape(question, ['context'], answer)),
  shape('text', [], 'chosen'),
  shape('instruction', instructionParts, 'chosen'),
  shape('prompt', [], 'chosen'),
];

export const qaPairs: SingleRecordReader = {
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
    const before = [...systemTurns(record), ...earlierTurns(record)];
    const isSeparated = question === 'prompt' && separator.test(asked[0] ?? '');
    if (isSeparated) tally.count('separator');
    const text = isSeparated ? (asked[0] ?? '').replace(separator, '') : asked.join('\n');
    return answersOf(record, answer).map((said) => ({
      source,
      turns: [
        ...before,
        { text, supervised: true, role: 'user' },
        { text: isSeparated ? said.replace(ending, '') : said, supervised: true, role: 'assistant' },
      ],
    }));
  },
};

/** What OpenAI's old guide for fine-tuning put after each prompt, and after each completion. */
const separator = /(?:(?<!#)#{3,}|=>|->|\n\nassistant:)\s{0,100}$/i;
const ending = /(?:END|(?<!#)#{3,}|<\|endoftext\|>)\s{0,100}$/;

function answersOf(record: Fields, field: string): readonly string[] {
  const value = record[field];
  const list = isRecord(value) && Array.isArray(value.text) ? value.text : value;
  if (!Array.isArray(list)) return [neededText(record, field)];
  const texts = list.map((one) => textOf(one, `an element of ${field}`)).filter((text) => text !== null);
  if (texts.length === 0) throw new RecordError('content', `${field} is empty`);
  return texts;
}

function shapeOf(record: Fields): Shape | undefined {
  return shapes.find(
    ({ question, answer }) =>
      Object.hasOwn(record, question) &&
      Object.hasOwn(record, answer) &&
      // If the chosen answer is a list of messages, messages.ts reads the record.
      (answer !== 'chosen' || typeof record.chosen === 'string') &&
      !isTranscriptAnswer(record[answer]),
  );
}

/** Whether the answer consists of messages. */
function isTranscriptAnswer(answer: unknown): boolean {
  return Array.isArray(answer) && isRecord(answer[0]);
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
