// Opens a model folder's tokenizer: the fast one if the vocabulary is GPT-2's, otherwise the general one.

import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import { GeneralTokenizer } from './general-tokenizer.js';
import { GPT2Tokenizer } from './gpt2-tokenizer.js';
import { gpt2EndOfText } from './gpt2-vocabulary.js';
import type { SpelledToken, Tokenizer } from './tokenizer.js';
import { readDefinition, type TokenizerDefinition } from './tokenizer-definition.js';
import {
  endOfTextToken,
  mergesText,
  specialTokensMapJson,
  tokenizerConfigJson,
  vocabJson,
} from './tokenizer-files.js';

/**
 * Reads tokenizer.json, or vocab.json with merges.txt, of a model folder.
 * @throws UserError (model) when the tokenizer is missing or damaged, or has no token that ends a turn.
 */
export function openTokenizer(folder: string): Tokenizer {
  return tokenizerOf(readDefinition(folder));
}

export interface FittingTokenizer {
  readonly tokenizer: Tokenizer;
  /** Messages for the user, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The same for an embedding with `rows` rows. Special tokens without a row are left out, because no text can produce
 * them: people often add a padding token without resizing the model. Their entries in the tokenizer's files stay.
 * @throws UserError (model) when other tokens have no row. Extra rows are fine.
 */
export function openFittingTokenizer(folder: string, rows: number): FittingTokenizer {
  const definition = readDefinition(folder);
  if (definition.vocabularySize <= rows) return { tokenizer: tokenizerOf(definition), notes: [] };
  const { vocab, addedTokens, special, unknown, vocabularySize } = definition;
  const endOfText = idOf(definition.endOfTextToken, definition);
  const isNeeded = (id: number) => !special.has(id) || id === endOfText || id === unknown;
  const ids = [...vocab.values(), ...addedTokens.map(({ id }) => id)].filter((id) => id < rows);
  const beyond = [...vocab, ...addedTokens.map(({ content, id }): [string, number] => [content, id])].filter(
    ([, id]) => id >= rows,
  );
  if (beyond.some(([, id]) => isNeeded(id)))
    throw new UserError(
      'tokenizer-unsupported',
      `${folder}: its tokenizer has ${vocabularySize} tokens but its embedding only ${rows} rows (vocab_size in config.json); use the tokenizer files that were saved with these weights, or save the model again after model.resize_token_embeddings(len(tokenizer))`,
    );
  const names = [...new Set(beyond.map(([token]) => quoted(token)))];
  const listed = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return {
    tokenizer: tokenizerOf({
      ...definition,
      addedTokens: addedTokens.filter(({ id }) => id < rows),
      vocabularySize: ids.reduce((size, id) => Math.max(size, id + 1), 0),
    }),
    notes: [
      `${folder}: the model has no embedding for the special tokens ${listed} of its tokenizer, so they are not used`,
    ],
  };
}

function tokenizerOf(definition: TokenizerDefinition): Tokenizer {
  const endOfText = idOf(definition.endOfTextToken, definition);
  if (endOfText === undefined)
    throw new UserError(
      'tokenizer-unsupported',
      `${definition.path} has no ${quoted(definition.endOfTextToken)} token, which ends every turn; use a model whose tokenizer has one`,
    );
  const files = () => completeFiles(definition);
  const spelled = spelledTokens(definition, endOfText);
  return isGpt2(definition, endOfText)
    ? new GPT2Tokenizer(definition.vocabularySize, spelled, files)
    : new GeneralTokenizer(definition, endOfText, spelled, files);
}

/** Includes <|endoftext|>, because corpora use it to end a turn even when the folder's own token is different. */
function spelledTokens(definition: TokenizerDefinition, endOfText: number): SpelledToken[] {
  const { addedTokens, special, unknown, endOfTextToken: own } = definition;
  const others = addedTokens.filter(({ id }) => special.has(id) && id !== unknown && id !== endOfText);
  const markers = [own, endOfTextToken].filter(
    (content, index, all) =>
      all.indexOf(content) === index && !others.some((token) => token.content === content),
  );
  return [...markers.map((content) => ({ id: endOfText, content })), ...others];
}

function idOf(token: string, { vocab, addedTokens }: TokenizerDefinition): number | undefined {
  return addedTokens.find(({ content }) => content === token)?.id ?? vocab.get(token);
}

/** Whether vocabulary, merges and splitting are GPT-2's, with no added token that text can produce. */
function isGpt2(definition: TokenizerDefinition, endOfText: number): boolean {
  const { hasGpt2Vocabulary, addedTokens, special, byteLevel, addPrefixSpace } = definition;
  return (
    endOfText === gpt2EndOfText &&
    hasGpt2Vocabulary &&
    byteLevel &&
    !addPrefixSpace &&
    addedTokens.every((token) => token.special) &&
    [...special].every((id) => id >= gpt2EndOfText)
  );
}

/** The folder's own files, plus generated versions of the missing ones. */
function completeFiles(definition: TokenizerDefinition): ReadonlyMap<string, string> {
  const { files, vocab, merges, byteLevel, json } = definition;
  const complete = new Map(files);
  const add = (name: string, text: () => string) => {
    if (!complete.has(name)) complete.set(name, text());
  };
  add('tokenizer.json', json);
  if (merges && byteLevel) {
    add('vocab.json', () => vocabJson(vocab));
    add('merges.txt', () => mergesText(merges));
  }
  add('tokenizer_config.json', () => tokenizerConfigJson(definition));
  add('special_tokens_map.json', () => specialTokensMapJson(definition));
  return complete;
}
