// What people say about the columns of a table: `--columns question=Q,response=A`. A column is named by its name in the first
// row, or by its number from 1.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';

/** What each meaning is called in the records of a table. */
const fields = {
  question: 'question',
  text: 'question',
  prompt: 'question',
  answer: 'answer',
  response: 'answer',
  reply: 'answer',
  input: 'context',
  system: 'system',
  message: 'message',
  author: 'author',
  speaker: 'author',
  conversation: 'conversation',
  time: 'time',
} as const;

export interface NamedColumn {
  readonly field: (typeof fields)[keyof typeof fields];
  readonly column: string;
}

/** @throws UserError (usage) for a word that is not `meaning=column`. */
export function namedColumns(words: readonly string[]): readonly NamedColumn[] {
  const named = words.flatMap((word) => word.split(',')).map(namedColumn);
  for (const [index, { field }] of named.entries())
    if (named.findIndex((one) => one.field === field) < index)
      throw new UserError('option-invalid', `${option('columns')} names two columns for ${field}; name one`);
  return named;
}

function namedColumn(word: string): NamedColumn {
  const [meaning = '', column = ''] = word.split(/=(.*)/s).map((part) => part.trim());
  const field = Object.hasOwn(fields, meaning) ? fields[meaning as keyof typeof fields] : undefined;
  if (field !== undefined && column !== '') return { field, column };
  const similar = field === undefined ? nearest(meaning, Object.keys(fields)) : undefined;
  throw new UserError(
    'option-invalid',
    `${option('columns')} takes meanings and columns such as question=Q,response=A, not ${quoted(word)}; the meanings are ${Object.keys(fields).join(', ')}${similar === undefined ? '' : `; did you mean ${similar}?`}`,
  );
}

/**
 * The names of the columns in the first row, with those that were named called as the records call them.
 * @returns null if a named column is not in the row.
 */
export function withNames(first: readonly string[], named: readonly NamedColumn[]): string[] | null {
  const places = named.map(({ field, column }) => ({ field, at: placeOf(first, column) }));
  if (places.some(({ at }) => at < 0)) return null;
  return first.map((name, index) => {
    const chosen = places.find(({ at }) => at === index);
    if (chosen) return chosen.field;
    const own = name.trim() || `column ${index + 1}`;
    return places.some(({ field }) => field === own.toLowerCase()) ? `${own} (column ${index + 1})` : own;
  });
}

function placeOf(first: readonly string[], column: string): number {
  const at = first.findIndex((name) => name.trim().toLowerCase() === column.toLowerCase());
  if (at >= 0) return at;
  const number = /^\d{1,4}$/.test(column) ? Number(column) : 0;
  return number <= first.length ? number - 1 : -1;
}

/** Whether a column is named by the first row, which is a header then. */
export function nameHeader(first: readonly string[], named: readonly NamedColumn[]): boolean {
  return named.some(({ column }) => first.some((name) => name.trim().toLowerCase() === column.toLowerCase()));
}
