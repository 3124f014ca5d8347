// Builds the error for a record that no reader matches: what was expected, what was found, and how to fix it. Advice is
// tried on the record first and given only if it works.

import { type Fields, isRecord } from '../../objects.js';
import { oneLine } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { conversationParts } from '../conversation-parts.js';
import { Tally } from '../tally.js';
import { judgementFields } from './judgement.js';
import {
  inLowerCase,
  isNothing,
  kindOf,
  listed,
  longestName,
  namesOf,
  RecordError,
  type RecordReader,
} from './record.js';

/** Names that other corpora use for these fields. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  text: ['question', 'q', 'query', 'prompt', 'input', 'instruction', 'source', 'request', 'user', 'human'],
  response: [
    ...['answer', 'a', 'reply', 'output', 'completion', 'target', 'assistant', 'bot', 'label', 'answers'],
    'responses',
  ],
  turns: ['dialogue', 'dialog', 'conversation', 'utterances', 'history', 'lines', 'sentences', 'texts'],
  messages: ['chat', 'thread', 'conversation', 'dialogue', 'dialog', 'turns'],
  instruction: ['question', 'q', 'query', 'prompt', 'text', 'request'],
  output: ['answer', 'a', 'reply', 'completion', 'target', 'response'],
  input: ['context', 'passage', 'paragraph', 'background', 'document', 'knowledge'],
};

/** Sets of fields that make a valid record, in the order in which they are tried. */
const targets: readonly (readonly string[])[] = [
  ['text', 'response'],
  ['instruction', 'input', 'output'],
  ['turns'],
  ['messages'],
];

/** Separators at the end of prompts in old fine-tuning files. After renaming, they would be learned as text. */
const separator = /(?:###|=>|->|\n\n)\s*$/;

/** The error for a record that none of `readers` matches. */
export function wrongRecord(given: unknown, readers: readonly RecordReader[]): RecordError {
  const expected = readers.map(({ expects }) => expects).join(', or ');
  const keys = isRecord(given) ? Object.keys(given) : [];
  const found = isRecord(given) ? namesOf(keys.slice(0, 6)) || 'no fields' : kindOf(given);
  const more = keys.length > 6 ? ` and ${keys.length - 6} more` : '';
  return new RecordError(
    'shape',
    `missing ${expected}`,
    `expected ${expected}, found ${found}${more}${isRecord(given) ? advice(given, readers) : ''}`,
  );
}

function advice(given: Fields, readers: readonly RecordReader[]): string {
  // Comparing names is slow, and a hostile record can have many names or very long ones.
  const keys = Object.keys(given)
    .slice(0, 50)
    .filter((key) => key.length <= 40);
  for (const fields of targets) {
    const renames = renamesTo(fields, keys);
    if (renames && works(renamed(given, renames), readers)) {
      const words = [...renames].map(([key, field]) => `${oneLine(key, longestName)} to ${field}`);
      return `; rename ${listed(words, 'and')}`;
    }
  }
  const list = keys.find((key) => holdsRecords(given[key], readers));
  return list === undefined
    ? ''
    : `; save the list in its field ${oneLine(list, longestName)} as a separate file and use that file`;
}

/** The renames that give the record all of `fields`. Null if there are none, or if they cannot provide every field. */
function renamesTo(fields: readonly string[], keys: readonly string[]): ReadonlyMap<string, string> | null {
  const renames = new Map<string, string>();
  for (const field of fields) {
    if (keys.includes(field)) continue;
    const free = keys.filter((key) => !fields.includes(key) && !renames.has(key));
    const key = free.find((name) => synonyms[field]?.includes(name.toLowerCase())) ?? nearest(field, free);
    if (key === undefined) return null;
    renames.set(key, field);
  }
  return renames.size > 0 ? renames : null;
}

function renamed(record: Fields, renames: ReadonlyMap<string, string>): Fields {
  return inLowerCase(
    Object.fromEntries(Object.entries(record).map(([key, value]) => [renames.get(key) ?? key, value])),
  );
}

/** Whether a reader accepts the record without losing any part of the conversation. */
function works(record: Fields, readers: readonly RecordReader[]): boolean {
  const reader = readers.find((candidate) => candidate.matches(record));
  if (!reader) return false;
  const read = reader.fields(record);
  const partsOfText = new Set(Object.values(synonyms).flat());
  const losesText = Object.keys(record).some(
    (key) =>
      !read.has(key) && !judgementFields.includes(key) && partsOfText.has(key) && !isNothing(record[key]),
  );
  if (losesText) return false;
  const tally = new Tally();
  try {
    const turns = reader.turns(record, tally);
    if (turns.some(({ text }) => text !== null && separator.test(text))) return false;
    return conversationParts(turns, '', tally).length > 0 && tally.counted('emptyTurn') === 0;
  } catch (thrown) {
    if (thrown instanceof RecordError) return false;
    throw thrown;
  }
}

function holdsRecords(value: unknown, readers: readonly RecordReader[]): boolean {
  if (!Array.isArray(value)) return false;
  const first: unknown = value[0];
  return isRecord(first) && works(inLowerCase(first), readers);
}
