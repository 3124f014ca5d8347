// Checks the tables of a tokenizer: vocabulary, merges and added tokens. Each error names the file, and in merges.txt the
// line. It does not know which files a folder has.

import { messageOf, UserError } from '../errors.js';
import { parseJson } from '../files/parse-json.js';
import { type Fields, isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { isGpt2Vocabulary } from './gpt2-vocabulary.js';
import type { AddedToken } from './tokenizer-files.js';

const largestId = 2 ** 24 - 1;

/** @param place a file, or a line in a file. */
export function damaged(place: string, what: string, cause?: unknown): UserError {
  return new UserError(
    'tokenizer-invalid',
    `${place} ${what}; download or copy the tokenizer's files again`,
    { cause },
  );
}

/** An undefined `text` gives an empty object. @throws UserError (model) unless `text` is a JSON object. */
export function parseObject(path: string, text: string | undefined): Fields {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (thrown) {
    throw damaged(path, `is not JSON (${messageOf(thrown)})`, thrown);
  }
  if (!isRecord(value)) throw damaged(path, 'does not hold a JSON object');
  return value;
}

function checkedId(path: string, token: string, id: unknown): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > largestId)
    throw damaged(
      path,
      `gives the token ${quoted(token)} the id ${quoted(id)}, which is not a whole number from 0 to ${largestId}`,
    );
  return id;
}

/**
 * The vocabulary as a map from token to id.
 * @param vocab {token: id}, or Unigram's [[token, score], ...], where the id is the index.
 * @throws UserError (model) unless every token has a valid, unique id.
 */
export function checkedVocab(path: string, vocab: unknown): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const tokenOf: string[] = [];
  const add = (token: string, given: unknown) => {
    const id = checkedId(path, token, given);
    const other = tokenOf[id];
    if (other !== undefined)
      throw damaged(path, `gives both ${quoted(other)} and ${quoted(token)} the id ${id}`);
    tokenOf[id] = token;
    ids.set(token, id);
  };
  if (isRecord(vocab)) for (const [token, id] of Object.entries(vocab)) add(token, id);
  else if (Array.isArray(vocab))
    for (const [id, entry] of vocab.entries()) {
      const [token, score]: readonly unknown[] = Array.isArray(entry) ? entry : [];
      if (typeof token !== 'string' || typeof score !== 'number')
        throw damaged(path, `has ${quoted(entry)} where a token with its score should be`);
      add(token, id);
    }
  if (ids.size === 0) throw damaged(path, 'has no vocabulary');
  return ids;
}

/**
 * The merges of merges.txt, best first, without an initial "#version: 0.2" line.
 * @returns `first` is the line number of the first merge, counted from 1.
 */
export function mergeLines(text: string): { lines: readonly string[]; first: number } {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  const first = lines[0]?.startsWith('#version') ? 2 : 1;
  return { lines: lines.slice(first - 1), first };
}

export interface Merges {
  /** `left right`; null when a token contains a space, which merges.txt cannot express. */
  readonly merges: readonly string[] | null;
  readonly hasGpt2Vocabulary: boolean;
}

/**
 * @param found `left right`, or [left, right] as in newer tokenizer.json files, where tokens may contain spaces.
 * @param place names the file and position of the merge with that index; only called for an error.
 * @param inner the prefix of tokens inside a word (`continuing_subword_prefix`), which merging removes.
 * @throws UserError (model) unless each merge joins two tokens of the vocabulary into a third.
 */
export function checkedMerges(
  found: readonly unknown[],
  vocab: ReadonlyMap<string, number>,
  place: (index: number) => string,
  inner = '',
): Merges {
  const merges = found.map((merge, index) => {
    if (isMerge(merge)) return typeof merge === 'string' ? merge : merge.join(' ');
    throw damaged(place(index), `should be two tokens separated by a space, but is ${quoted(merge)}`);
  });
  // GPT-2's merges are known to be valid, and checking each would take longer than reading them.
  if (isGpt2Vocabulary({ vocab, merges })) return { merges, hasGpt2Vocabulary: true };
  let spaces = false;
  for (const [index, merge] of found.filter(isMerge).entries()) {
    const [left = '', right = ''] = typeof merge === 'string' ? merge.split(' ') : merge;
    for (const token of [left, right, left + right.slice(inner.length)])
      if (!vocab.has(token))
        throw damaged(
          place(index),
          `merges ${quoted(left)} and ${quoted(right)}, but the vocabulary has no ${quoted(token)}`,
        );
    spaces ||= left.includes(' ') || right.includes(' ');
  }
  return { merges: spaces ? null : merges, hasGpt2Vocabulary: false };
}

/** Whether `merge` is two non-empty strings. */
function isMerge(merge: unknown): merge is string | readonly [string, string] {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ');
    return space > 0 && space < merge.length - 1 && merge.indexOf(' ', space + 1) < 0;
  }
  return (
    Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string' && part)
  );
}

/** One token of tokenizer.json's `added_tokens`, or of tokenizer_config.json's `added_tokens_decoder`. */
export function checkedAddedToken(path: string, entry: unknown, id: unknown): AddedToken {
  const content = isRecord(entry) ? entry.content : undefined;
  if (!isRecord(entry) || typeof content !== 'string' || content === '')
    throw damaged(path, `has ${quoted(entry)} where an added token should be`);
  const is = (property: string) => entry[property] === true;
  return {
    id: checkedId(path, content, id),
    content,
    special: is('special'),
    single_word: is('single_word'),
    lstrip: is('lstrip'),
    rstrip: is('rstrip'),
    ...(typeof entry.normalized === 'boolean' && { normalized: entry.normalized }),
  };
}
