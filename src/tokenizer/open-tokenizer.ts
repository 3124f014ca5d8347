// The tokenizer of a model folder: the fast one exactly where vocabulary and merges are GPT-2's, else the general one.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { type Definition, defineTokenizer } from './definition.js';
import { generalTokenizer } from './general-tokenizer.js';
import { ordinaryTokens } from './gpt2-files.js';
import { gpt2Tokenizer } from './gpt2-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { json, mergesText } from './tokenizer-json.js';
import { type Entries, isEntries } from './vocabulary.js';

const fileNames = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'chat_template.jinja',
];

/** Tokenizers of a quarter of a million tokens are some 20 MB. */
const longestFile = 2 ** 27;

/** @throws UserError (model) where the folder has no tokenizer, or one that cannot be used. */
export function openTokenizer(folder: string): Tokenizer {
  const own = readFiles(folder);
  const definition = defineTokenizer({ folder, texts: own });
  let complete: ReadonlyMap<string, string> | undefined;
  const files = (): ReadonlyMap<string, string> => {
    complete ??= withDerived(own, definition);
    return complete;
  };
  if (!isGpt2(definition)) return generalTokenizer(definition, files);
  const { vocabularySize, endOfText } = definition;
  return gpt2Tokenizer({ vocabularySize, endOfText, files });
}

function readFiles(folder: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const name of fileNames) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    try {
      if (statSync(path).size > longestFile) throw new Error('it is longer than any tokenizer needs');
      // A byte order mark is no JSON.
      texts.set(name, readFileSync(path, 'utf8').replace(/^\ufeff/, ''));
    } catch (thrown) {
      throw new UserError(
        'model',
        `${path} cannot be read (${messageOf(thrown)}); download or copy it again`,
        {
          cause: thrown,
        },
      );
    }
  }
  return texts;
}

function sha256(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** SHA-256 of GPT-2's ordinary tokens in the order of their ids, and of its merges, a line each. */
export const gpt2Digests = {
  tokens: '3a1f1c010d179f036be1992bc14b861e326341438633869c694dc4dccfe153d3',
  merges: '04e3597d7996f292ca9b8b7285ca4d58a6ae171ac47d73fc7140ceb0c7a6bbc0',
} as const;

export function digestsOf({ vocabulary, merges }: Pick<Definition, 'vocabulary' | 'merges'>): {
  tokens: string;
  merges: string;
} {
  const tokens: string[] = [];
  for (const [token, id] of vocabulary) tokens[id] = token;
  return {
    tokens: sha256(tokens.slice(0, ordinaryTokens)),
    merges: sha256((merges ?? []).map(([left, right]) => `${left} ${right}`)),
  };
}

function isByteLevel({ tokenizer, model, merges }: Definition): boolean {
  const isPart = (part: unknown): part is Entries => isEntries(part) && part.type === 'ByteLevel';
  return (
    merges !== null &&
    !model.byte_fallback &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    (tokenizer.normalizer ?? null) === null &&
    isPart(tokenizer.pre_tokenizer) &&
    tokenizer.pre_tokenizer.use_regex !== false &&
    isPart(tokenizer.decoder)
  );
}

function isGpt2(definition: Definition): boolean {
  const { tokenizer, model, vocabulary, added, special } = definition;
  const { pre_tokenizer: cut } = tokenizer;
  if (!isByteLevel(definition) || model.ignore_merges || !isEntries(cut) || cut.add_prefix_space)
    return false;
  // Text may spell an added token that is not special, and must not spell a special one.
  if (added.some(({ id }) => !special.has(id)) || [...special].some((id) => id < ordinaryTokens))
    return false;
  if (
    vocabulary.size < ordinaryTokens ||
    [...vocabulary.values()].some((id) => id >= ordinaryTokens && !special.has(id))
  )
    return false;
  const { tokens, merges } = digestsOf(definition);
  return tokens === gpt2Digests.tokens && merges === gpt2Digests.merges;
}

/** A folder's own files, and of the others what they tell. */
function withDerived(own: ReadonlyMap<string, string>, definition: Definition): ReadonlyMap<string, string> {
  const { tokenizer, model, vocabulary, merges, added, endOfTextToken } = definition;
  const files = new Map(own);
  const add = (name: string, text: () => string): void => {
    if (!files.has(name)) files.set(name, text());
  };
  add('tokenizer.json', () => json({ ...tokenizer, model, added_tokens: added }));
  if (merges !== null && isByteLevel(definition)) {
    add('vocab.json', () => JSON.stringify(Object.fromEntries(vocabulary)));
    add('merges.txt', () => mergesText(merges));
  }
  const byClass = isByteLevel(definition)
    ? { tokenizer_class: 'GPT2Tokenizer', bos_token: endOfTextToken, unk_token: endOfTextToken }
    : { tokenizer_class: 'PreTrainedTokenizerFast' };
  add('tokenizer_config.json', () =>
    json({ ...byClass, eos_token: endOfTextToken, clean_up_tokenization_spaces: false }),
  );
  return files;
}
