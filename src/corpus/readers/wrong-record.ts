// The error for a record that no reader matches: what was expected and what was found.

import { isRecord } from '../../objects.js';
import type { RecordReader } from '../reader.js';
import { kindOf, namesOf, RecordError } from './record.js';

/** If there are more formats than this, messages name only the usual ones. */
const mostFormats = 3;

export function wrongRecord(given: unknown, readers: readonly RecordReader[]): RecordError {
  const expected =
    readers.length > mostFormats
      ? 'questions and answers, turns or messages (docs/data.md lists all formats)'
      : readers.map(({ expects }) => expects).join(', or ');
  const keys = isRecord(given) ? Object.keys(given) : [];
  const found = isRecord(given) ? namesOf(keys.slice(0, 6)) || 'no fields' : kindOf(given);
  const more = keys.length > 6 ? ` and ${keys.length - 6} more` : '';
  return new RecordError(
    'shape',
    'a record of an unknown shape',
    `expected ${expected}, found ${found}${more}`,
  );
}
