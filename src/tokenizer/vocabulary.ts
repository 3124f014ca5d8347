// Checks the tables of a tokenizer: tokens with ids, merges, tokens added to them. Every complaint names the file, and
// the line where the file has lines.

import { messageOf, UserError } from '../errors.js';
import type { AddedToken } from './tokenizer-json.js';

export type Entries = Readonly<Record<string, unknown>>;

export function isEntries(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** GPT-2 has 50,257 tokens; the largest vocabularies in use have a quarter of a million. */
const mostTokens = 2 ** 24;

/** A name from a hostile file, fit for one line of a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function broken(place: string, complaint: string, cause?: unknown): UserError {
  return new UserError('model', `${place} ${complaint}; download or copy it again`, { cause });
}

export function parseEntries(text: string, path: string): Entries {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    // Node quotes the text around the fault, line ends and all.
    throw broken(path, `cannot be read as JSON (${messageOf(thrown).replace(/\s+/g, ' ')})`, thrown);
  }
  if (!isEntries(value)) throw broken(path, 'is no JSON object');
  return value;
}

function checkedId(id: unknown, token: string, path: string): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= mostTokens)
    throw broken(
      path,
      `gives token ${shown(token)} the id ${shown(id)}, which is no whole number from 0 to ${mostTokens - 1}`,
    );
  return id;
}

/** @param vocabulary {token: id}, or Unigram's [[token, score], ...] whose ids are the positions. */
export function parseVocabulary(vocabulary: unknown, path: string): Map<string, number> {
  const tokens = new Map<string, number>();
  const tokenOf: (string | undefined)[] = [];
  const add = (token: string, found: unknown): void => {
    const id = checkedId(found, token, path);
    const other = tokenOf[id];
    if (other !== undefined)
      throw broken(path, `gives both ${shown(other)} and ${shown(token)} the id ${id}`);
    tokenOf[id] = token;
    tokens.set(token, id);
  };
  if (isEntries(vocabulary)) for (const [token, id] of Object.entries(vocabulary)) add(token, id);
  else if (Array.isArray(vocabulary))
    for (const [id, entry] of vocabulary.entries()) {
      const token: unknown = Array.isArray(entry) ? entry[0] : undefined;
      if (typeof token !== 'string' || typeof entry[1] !== 'number')
        throw broken(path, `has ${shown(entry)} where a token and its score should be`);
      add(token, id);
    }
  if (tokens.size === 0) throw broken(path, 'has no vocabulary');
  return tokens;
}

/**
 * The lines of a merges.txt, the most important merge first; a line before them may say "#version: 0.2".
 * @returns first: the number of the first merge's line, as editors count.
 */
export function mergeLines(text: string): { lines: string[]; first: number } {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  const isMarked = lines[0]?.startsWith('#version') === true;
  if (isMarked) lines.shift();
  return { lines, first: isMarked ? 2 : 1 };
}

/** @param merge "left right", or [left, right] as in newer files of tokenizer.json. */
function partsOf(merge: unknown): readonly unknown[] {
  if (typeof merge === 'string') return merge.split(' ');
  return Array.isArray(merge) ? merge : [];
}

/** "left right"; empty where it is no merge, of which checkMerge complains. */
export function mergeLine(merge: unknown): string {
  const parts = partsOf(merge);
  return parts.every((part) => typeof part === 'string') ? parts.join(' ') : '';
}

/** @param place is only asked for where there is something to complain of. */
export function checkMerge(
  merge: unknown,
  vocabulary: ReadonlyMap<string, number>,
  place: () => string,
): void {
  const parts = partsOf(merge);
  const [left, right] = parts;
  if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string' || !left || !right)
    throw broken(place(), `should be two tokens with a space between, found ${shown(merge)}`);
  for (const token of [left, right, left + right])
    if (!vocabulary.has(token))
      throw broken(
        place(),
        `merges ${shown(left)} and ${shown(right)}, but the vocabulary has no ${shown(token)}`,
      );
}

/** One token of tokenizer.json's `added_tokens`, or of tokenizer_config.json's `added_tokens_decoder`. */
export function parseAddedToken(entry: unknown, id: unknown, path: string): AddedToken {
  const content = isEntries(entry) ? entry.content : undefined;
  if (!isEntries(entry) || typeof content !== 'string' || content === '')
    throw broken(path, `has ${shown(entry)} where an added token should be`);
  const is = (property: string): boolean => entry[property] === true;
  return {
    id: checkedId(id, content, path),
    content,
    single_word: is('single_word'),
    lstrip: is('lstrip'),
    rstrip: is('rstrip'),
    normalized: entry.normalized === undefined ? !is('special') : is('normalized'),
    special: is('special'),
  };
}
