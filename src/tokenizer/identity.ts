// The identity of a tokenizer: a hash of all that decides the ids of a text in training, and of nothing else. The files of one
// tokenizer differ: lists have another order, defaults are left out, and copies lack the settings that transformers adds.

import { createHash } from 'node:crypto';
import { isRecord } from '../objects.js';
import type { SpelledToken } from './tokenizer.js';
import { type TokenizerDefinition, unspokenIds } from './tokenizer-definition.js';

export function definitionIdentity(
  definition: TokenizerDefinition,
  endOfText: number,
  spelledTokens: readonly SpelledToken[],
): string {
  const unspoken = unspokenIds(definition, endOfText);
  const { vocab, addedTokens, fields } = definition;
  const { model, normalizer, pre_tokenizer: cut } = fields();
  // A list of tokens (Unigram) is ordered by id and has scores. A table of tokens has any order.
  const tokens = Array.isArray(model.vocab)
    ? model.vocab
    : [...vocab].sort(([, one], [, other]) => one - other);
  const added = addedTokens
    .filter(({ id, special }) => !special && !unspoken.has(id))
    .map(
      ({ id, content, single_word: alone, lstrip, rstrip, normalized }) =>
        [id, content, alone === true, lstrip === true, rstrip === true, normalized !== false] as const,
    );
  return identityOf([
    'definition',
    sorted({ ...model, vocab: null }),
    tokens,
    sorted(normalizer ?? null),
    sorted(cut ?? null),
    added,
    endOfText,
    [...unspoken].sort((one, other) => one - other),
    spelled(spelledTokens),
  ]);
}

/** The identity of GPT-2's own vocabulary and pattern. */
export function gpt2Identity(spelledTokens: readonly SpelledToken[]): string {
  return identityOf(['gpt2', spelled(spelledTokens)]);
}

function identityOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Their order does not matter, because the longest one that fits is taken. */
function spelled(tokens: readonly SpelledToken[]): unknown {
  return tokens
    .map(({ id, content, lstrip, rstrip }) => [content, id, lstrip === true, rstrip === true] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The same value with the fields of all objects in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]));
}
