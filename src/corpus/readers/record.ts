// Shared by the readers of records: what they yield, access to fields, and the error for a record that cannot be read. Such an error skips only that record; read-records.ts decides whether a file has too many.

import type { Fields } from '../../objects.js';
import { oneLine } from '../../quote.js';
import type { Dialogue, Turn } from '../dialogue.js';

/** The largest number of characters of a field name that a message shows. */
export const longestName = 40;

/** A turn as it is in the record. A turn without text is removed later, and no reply is learned across it. */
export interface RawTurn extends Omit<Turn, 'text'> {
  /** Null if the record has no text for the turn. */
  readonly text: string | null;
  /** The turn calls a tool. If it has no text, the tool's answer that follows takes its place. */
  readonly calls?: true;
}

export interface RawDialogue extends Pick<Dialogue, 'persona' | 'prepared'> {
  readonly turns: readonly RawTurn[];
  readonly source: string;
}

/** A record cannot be read. */
export class RecordError extends Error {
  /**
   * @param kind shape: the record has an unexpected shape. content: the shape is known, but there is nothing to learn.
   * @param reason equal for all records that fail in the same way, because skipped records are counted by it.
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

/** The same record with lower-case field names. If two names differ only in case, the lower-case one wins. */
export function inLowerCase(record: Fields): Fields {
  const keys = Object.keys(record);
  if (keys.every((key) => key === key.toLowerCase())) return record;
  return Object.fromEntries([
    ...keys.map((key) => [key.toLowerCase(), record[key]] as const),
    ...keys.filter((key) => key === key.toLowerCase()).map((key) => [key, record[key]] as const),
  ]);
}

/** Whether a field is present and not empty. */
export function has(record: Fields, field: string): boolean {
  return Object.hasOwn(record, field) && !isNothing(record[field]);
}

/** True for null, undefined, the empty string, and empty lists and objects. */
export function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** The text, or a number as text. Null means no text. @throws RecordError for any other value. */
export function textOf(value: unknown, field: string, what = field): string | null {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'number') throw new RecordError('content', `${field} is too large a number`);
  throw new RecordError(
    'shape',
    `${field} is ${kindOf(value)}`,
    `${what} is ${kindOf(value)}, but must be a string`,
  );
}

/** @throws RecordError if the field has no text. */
export function neededText(record: Fields, field: string): string {
  const text = textOf(record[field], field);
  if (text === null) throw new RecordError('content', `${field} is null`);
  return text;
}

/** @throws RecordError unless `value` is a list. */
export function listOf(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RecordError(
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

/** Names from a file, quoted safely for a message: `a, b and c`. */
export function namesOf(names: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  return listed(
    names.map((name) => oneLine(name, longestName)),
    conjunction,
  );
}
