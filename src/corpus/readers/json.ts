// JSON: a list of records, one record per line, or one document. The record readers know what is in it.

import type { RecordSource } from '../reader.js';
import { jsonDocuments } from './json-text.js';

/** An object, or a list of objects, lists or strings. A bracket alone is not enough: some chat logs begin with one. */
const beginsAsJson = /^\s*(?:\{\s*["}]|\[\s*[[{"\]])/;

export const json: RecordSource = {
  format: 'json',
  about: 'records of any of the formats below: a list, one record per line, or one document',
  example: { 'chats.json': '[{"text": "Open on Sunday?", "response": "Until six."}]' },
  isNotation: true,
  recognizes: ({ name, text }) =>
    /\.(?:json|jsonl|ndjson)$/.test(name) || beginsAsJson.test(text) ? 'sure' : 'no',
  records: (file) => jsonDocuments(file),
};
