// Any tokenizer.json, through the JavaScript port of Hugging Face's tokenizers.
// It is given no special tokens, so that it finds none in text; they are known here only to leave them out.

import { Tokenizer as UntypedPort } from '@huggingface/tokenizers';
import { messageOf, UserError } from '../errors.js';
import { pieces } from './byte-level.js';
import type { Definition } from './definition.js';
import type { Tokenizer } from './tokenizer.js';

/** What is used of the port: its own declarations do not resolve in Node's modules. */
interface Port {
  /** A function with the properties of its kind. */
  readonly pre_tokenizer: unknown;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
}

/** @throws UserError (model) where the definition asks for what the port does not have. */
export function generalTokenizer(
  definition: Definition,
  files: () => ReadonlyMap<string, string>,
): Tokenizer {
  const port = openPort(definition);
  const specialTokens = definition.added
    .filter(({ id }) => definition.special.has(id))
    .map(({ content }) => content);
  const forbidden = new Set(definition.special);
  if (definition.unknown !== undefined && definition.unknown !== definition.endOfText)
    forbidden.delete(definition.unknown);
  const known = knownIds(definition);
  const encodeWhole = (text: string): number[] =>
    attempt(definition.path, () => port.encode(text, { add_special_tokens: false })).ids.filter((id) =>
      known.has(id),
    );
  return {
    vocabularySize: definition.vocabularySize,
    endOfText: definition.endOfText,
    files,
    encode(text) {
      const ids = encodeWhole(text);
      if (!ids.some((id) => forbidden.has(id))) return ids;
      return cutInside(text, specialTokens)
        .flatMap(encodeWhole)
        .filter((id) => !forbidden.has(id));
    },
    decode(ids) {
      const ordinary = Array.from(ids).filter((id) => known.has(id) && !definition.special.has(id));
      if (ordinary.length === 0) return '';
      const options = { skip_special_tokens: false, clean_up_tokenization_spaces: false };
      return attempt(definition.path, () => port.decode(ordinary, options));
    },
  };
}

/** What the port throws at are parts of a definition that it does not have. */
function attempt<Result>(path: string, step: () => Result): Result {
  try {
    return step();
  } catch (thrown) {
    throw new UserError(
      'model',
      `${path} describes a tokenizer that cannot be used (${messageOf(thrown)}); save it again with a recent transformers`,
      { cause: thrown },
    );
  }
}

function openPort({ path, tokenizer, model, added, endOfTextToken }: Definition): Port {
  const parts = { normalizer: null, pre_tokenizer: null, decoder: null };
  const ordinary = added.filter((token) => !token.special);
  return attempt(path, () => {
    const port: Port = new UntypedPort(
      { ...parts, ...tokenizer, post_processor: null, model, added_tokens: ordinary },
      { eos_token: endOfTextToken },
    );
    cutAsGpt2(port.pre_tokenizer);
    return port;
  });
}

/** The port's own expression has JavaScript's white space in it. */
function cutAsGpt2(preTokenizer: unknown): void {
  if (typeof preTokenizer !== 'function') return;
  if ('byte_encoder' in preTokenizer && 'pattern' in preTokenizer) preTokenizer.pattern = pieces;
  if ('tokenizers' in preTokenizer && Array.isArray(preTokenizer.tokenizers))
    preTokenizer.tokenizers.forEach(cutAsGpt2);
}

function knownIds({ vocabulary, added }: Definition): ReadonlySet<number> {
  return new Set([...vocabulary.values(), ...added.map(({ id }) => id)]);
}

/** Text in parts of which none spells a special token whole: models without merges know them as words. */
function cutInside(text: string, tokens: readonly string[]): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 1; at < text.length; at++)
    if (tokens.some((token) => text.startsWith(token, at - 1))) {
      parts.push(text.slice(start, at));
      start = at;
    }
  return [...parts, text.slice(start)];
}
