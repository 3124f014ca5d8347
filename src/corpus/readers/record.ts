// What the readers of JSON records share: the shape of a reader, fields by name, values as text, and the fault of a
// record that cannot be read. A fault costs that record alone; read-corpus.ts decides whether a file has too many.

import type { Fields } from '../../objects.js';
import { oneLine } from '../../quote.js';
import type { Turn } from '../dialogue.js';
import type { CorpusFormat } from '../formats.js';
import type { Tally } from '../tally.js';

/** Most characters of a field name in a message. */
export const longestName = 40;

/** A turn as a record has it. One without text is left out later, and nothing is learnt across it. */
export interface RawTurn extends Omit<Turn, 'text'> {
  /** Null: the record has none. */
  readonly text: string | null;
  /** A tool is called here: what the tool answers next stands for the turn that has no text. */
  readonly calls?: true;
}

export interface RawDialogue {
  readonly turns: readonly RawTurn[];
  readonly source: string;
}

export interface RecordReader {
  readonly format: CorpusFormat;
  /** The fields of such a record, for messages. */
  readonly expects: string;
  /** Whether a record has this shape. @param record field names in lower case. */
  matches(record: Fields): boolean;
  /** The names of all fields that are read in a record that matches, but for those that judge it. */
  fields(record: Fields): ReadonlySet<string>;
  /** @throws RecordFault when the record cannot be used. */
  turns(record: Fields, tally: Tally): readonly RawTurn[];
}

/** Why a record cannot be read. */
export class RecordFault extends Error {
  /**
   * @param reason counted under these words, so nothing in it differs from record to record.
   * @param kind shape: it is written otherwise than expected; content: it is, but has nothing that could be learnt.
   * @param detail the reason with its place in the record.
   */
  constructor(
    readonly kind: 'shape' | 'content',
    readonly reason: string,
    readonly detail = reason,
  ) {
    super(detail);
  }
}

/** The same fields by their names in lower case; where two differ only in case, the one in lower case counts. */
export function inLowerCase(record: Fields): Fields {
  const keys = Object.keys(record);
  if (keys.every((key) => key === key.toLowerCase())) return record;
  return Object.fromEntries([
    ...keys.map((key) => [key.toLowerCase(), record[key]] as const),
    ...keys.filter((key) => key === key.toLowerCase()).map((key) => [key, record[key]] as const),
  ]);
}

/** Whether a field is there and says something. */
export function has(record: Fields, field: string): boolean {
  return Object.hasOwn(record, field) && !isNothing(record[field]);
}

/** Null, no text, and empty lists and objects say nothing. */
export function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Text, or a number as it is written; null stands for no text. @throws RecordFault for anything else. */
export function textOf(value: unknown, field: string, what = field): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'number') throw new RecordFault('content', `${field} is too large a number`);
  throw new RecordFault(
    'shape',
    `${field} is ${kindOf(value)}`,
    `${what} is ${kindOf(value)}, but must be a string`,
  );
}

/** @throws RecordFault where the field has no text. */
export function neededText(record: Fields, field: string): string {
  const text = textOf(record[field], field);
  if (text === null) throw new RecordFault('content', `${field} is null`);
  return text;
}

/** @throws RecordFault unless `value` is a list. */
export function listOf(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RecordFault(
    value === null ? 'content' : 'shape',
    `${field} is ${kindOf(value)}`,
    `${field} is ${kindOf(value)}, but must be a list`,
  );
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `a, b and c`. */
export function listed(words: readonly string[], conjunction: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

/** Names out of a file, fit for a message: `a, b and c`. */
export function namesOf(names: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  return listed(
    names.map((name) => oneLine(name, longestName)),
    conjunction,
  );
}
