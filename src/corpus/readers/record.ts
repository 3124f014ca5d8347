// What the readers of JSON records share: the shape of a reader, and the sentence for a record of another shape.

import { UserError } from '../../errors.js';
import { type Fields, isRecord } from '../../objects.js';
import { oneLine } from '../../quote.js';
import { nearest } from '../../suggest.js';
import type { Turn } from '../dialogue.js';
import type { CorpusFormat } from '../formats.js';

export interface RecordReader {
  readonly format: CorpusFormat;
  /** The fields that a record has; of the alternatives, one. */
  readonly fields: readonly string[];
  readonly alternatives: 'all' | 'one';
  /**
   * Turns as they stand in the file.
   * @param where `chats.json:12`.
   * @throws UserError (data) when a field is not what it should be.
   */
  turns(record: Fields, where: string): Turn[];
}

/** What other corpora call these fields. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  text: [
    'question',
    'q',
    'query',
    'prompt',
    'input',
    'instruction',
    'context',
    'source',
    'request',
    'user',
    'human',
  ],
  response: [
    'answer',
    'a',
    'reply',
    'output',
    'completion',
    'target',
    'assistant',
    'bot',
    'label',
    'answers',
    'responses',
  ],
  turns: ['dialogue', 'dialog', 'conversation', 'utterances', 'history', 'lines', 'sentences', 'texts'],
  messages: ['chat', 'thread'],
};

export function matches({ fields, alternatives }: RecordReader, record: unknown): record is Fields {
  if (!isRecord(record)) return false;
  const has = (field: string) => Object.hasOwn(record, field);
  return alternatives === 'all' ? fields.every(has) : fields.some(has);
}

/** The error for a record that none of `readers` knows. */
export function wrongRecord(record: unknown, readers: readonly RecordReader[], where: string): UserError {
  const expected = readers
    .map(({ fields, alternatives }) => listed(fields, alternatives === 'all' ? 'and' : 'or'))
    .join(', or ');
  const keys = isRecord(record) ? Object.keys(record) : [];
  const found = isRecord(record)
    ? listed(
        keys.slice(0, 6).map((name) => oneLine(name, 40)),
        'and',
      ) || 'no field'
    : kindOf(record);
  const more = keys.length > 6 ? ` and ${keys.length - 6} more` : '';
  return new UserError(
    'corpus-record-invalid',
    `${where}: expected ${expected}, found ${found}${more}${renaming(keys, readers)}`,
  );
}

/** How the fields found could become those of the first reader that they fit. */
function renaming(allKeys: readonly string[], readers: readonly RecordReader[]): string {
  // Comparing names takes time: a hostile record may have many, or very long ones.
  const keys = allKeys.slice(0, 50).filter((key) => key.length <= 40);
  for (const { fields, alternatives } of readers) {
    const renames = fields
      .filter((field) => !keys.includes(field))
      .map((field) => ({
        field,
        key: namedLike(
          field,
          keys.filter((key) => !fields.includes(key)),
        ),
      }));
    const usable = renames.filter(({ key }) => key !== undefined);
    if (usable.length === 0 || (alternatives === 'all' && usable.length < renames.length)) continue;
    const chosen = alternatives === 'all' ? usable : usable.slice(0, 1);
    return `; rename ${listed(
      chosen.map(({ field, key }) => `${oneLine(key ?? '', 40)} to ${field}`),
      'and',
    )}`;
  }
  return '';
}

function namedLike(field: string, keys: readonly string[]): string | undefined {
  return keys.find((key) => synonyms[field]?.includes(key.toLowerCase())) ?? nearest(field, keys);
}

/** `a, b and c`. */
export function listed(words: readonly string[], conjunction: 'and' | 'or'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** @throws UserError (data) unless `value` is a string. */
export function textOf(value: unknown, what: string, where: string): string {
  if (typeof value === 'string') return value;
  throw new UserError('corpus-record-invalid', `${where}: ${what} is ${kindOf(value)}, but must be a string`);
}

/** @throws UserError (data) unless `value` is a list. */
export function listOf(value: unknown, what: string, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new UserError('corpus-record-invalid', `${where}: ${what} is ${kindOf(value)}, but must be a list`);
}
