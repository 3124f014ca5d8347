// A tokenizer for tests that check what becomes of a text: one token per character, its code unit.

import { unsupervised } from '../src/corpus/encode-dialogue.js';
import type { Tokenizer } from '../src/tokenizer/tokenizer.js';

const end = 0;

export const letters: Tokenizer = {
  vocabularySize: 2 ** 16,
  endOfText: end,
  spelledTokens: [],
  encode: (text) => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)),
  decode: (ids) => String.fromCharCode(...Array.from(ids).filter((id) => id !== end)),
  files: () => new Map(),
  identity: () => 'letters',
};

/** The text of ids: `|` is the end of a turn, `.` an unsupervised target. */
export const spelt = (ids: Iterable<number>): string =>
  Array.from(ids, (id) => (id === unsupervised ? '.' : id === end ? '|' : String.fromCharCode(id))).join('');
