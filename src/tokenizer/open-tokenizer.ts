// The tokenizer of a model folder: the fast one exactly where vocabulary and merges are GPT-2's, else the general one.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { type Definition, defineTokenizer } from './definition.js';
import { generalTokenizer } from './general-tokenizer.js';
import { ordinaryTokens } from './gpt2-digest.js';
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
  if (!encodesAsGpt2(definition)) return generalTokenizer(definition, files);
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
        { cause: thrown },
      );
    }
  }
  return texts;
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

/** Whether every text gets the ids that GPT-2 gives it. */
export function encodesAsGpt2(definition: Definition): boolean {
  const { hasGpt2Vocabulary, tokenizer, model, added, special } = definition;
  const { pre_tokenizer: cut } = tokenizer;
  if (!hasGpt2Vocabulary || !isByteLevel(definition) || model.ignore_merges) return false;
  if (!isEntries(cut) || cut.add_prefix_space) return false;
  // Text finds an added token that is not special, and must not find an ordinary token that a config calls special.
  return added.every((token) => token.special) && [...special].every((id) => id >= ordinaryTokens);
}

/** A folder's own files, and of the others what they tell. */
function withDerived(own: ReadonlyMap<string, string>, definition: Definition): ReadonlyMap<string, string> {
  const { tokenizer, model, vocabulary, merges, added } = definition;
  const files = new Map(own);
  const add = (name: string, text: () => string): void => {
    if (!files.has(name)) files.set(name, text());
  };
  add('tokenizer.json', () => json({ ...tokenizer, model, added_tokens: added }));
  if (merges !== null && isByteLevel(definition)) {
    add('vocab.json', () => JSON.stringify(Object.fromEntries(vocabulary)));
    add('merges.txt', () => mergesText(merges));
  }
  add('tokenizer_config.json', () => json(config(own.get('special_tokens_map.json') ?? '{}', definition)));
  return files;
}

/** @param named the special_tokens_map.json of the folder. */
function config(named: string, definition: Definition): Entries {
  const { tokenizer, endOfTextToken: end } = definition;
  const roles: Entries = JSON.parse(named);
  const common = { eos_token: end, clean_up_tokenization_spaces: false };
  if (!isByteLevel(definition)) return { tokenizer_class: 'PreTrainedTokenizerFast', ...roles, ...common };
  const addPrefixSpace =
    isEntries(tokenizer.pre_tokenizer) && tokenizer.pre_tokenizer.add_prefix_space === true;
  return {
    tokenizer_class: 'GPT2Tokenizer',
    bos_token: end,
    unk_token: end,
    ...roles,
    ...common,
    add_prefix_space: addPrefixSpace,
  };
}
