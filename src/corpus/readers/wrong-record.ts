// The error for a record that no reader matches: what was expected and what was found.

import { isRecord } from '../../objects.js';
import type { RecordReader } from '../reader.js';
import { kindOf, namesOf, RecordError } from './record.js';

/** Messages name at most this number of formats. */
const mostFormats = 3;

export function wrongRecord(given: unknown, readers: readonly RecordReader[]): RecordError {
  const shapes = readers.map(({ expects }) => expects);
  const expected =
    shapes.length > mostFormats
      ? `${shapes.slice(0, mostFormats).join(', or ')} (docs/data.md lists all formats)`
      : shapes.join(', or ');
  const keys = isRecord(given) ? Object.keys(given) : [];
  const found = isRecord(given) ? namesOf(keys.slice(0, 6)) || 'no fields' : kindOf(given);
  const more = keys.length > 6 ? ` and ${keys.length - 6} more` : '';
  return new RecordError(
    'shape',
    'a record of an unknown shape',
    `expected ${expected}, found ${found}${more}`,
  );
}
