// A model folder's tokenizer: the fast one where the vocabulary is GPT-2's, the general one elsewhere.

import { UserError } from '../errors.js';
import { GeneralTokenizer } from './general-tokenizer.js';
import { GPT2Tokenizer } from './gpt2-tokenizer.js';
import { gpt2EndOfText } from './gpt2-vocabulary.js';
import type { Tokenizer } from './tokenizer.js';
import { readDefinition, type TokenizerDefinition } from './tokenizer-definition.js';
import { mergesText, specialTokensMapJson, tokenizerConfigJson, vocabJson } from './tokenizer-files.js';

/**
 * Reads tokenizer.json, or vocab.json with merges.txt, of a model folder.
 * @throws UserError (model) when there is none, it is damaged, or it has no token to end a turn with.
 */
export function openTokenizer(folder: string): Tokenizer {
  const definition = readDefinition(folder);
  const endOfText = idOf(definition.endOfTextToken, definition);
  if (endOfText === undefined)
    throw new UserError(
      'tokenizer-unsupported',
      `${definition.path} has no ${definition.endOfTextToken} token, which ends every turn; use a model whose tokenizer has one`,
    );
  const files = () => completeFiles(definition);
  return isGpt2(definition, endOfText)
    ? new GPT2Tokenizer(definition.vocabularySize, files)
    : new GeneralTokenizer(definition, endOfText, files);
}

function idOf(token: string, { vocab, addedTokens }: TokenizerDefinition): number | undefined {
  return addedTokens.find(({ content }) => content === token)?.id ?? vocab.get(token);
}

/** GPT-2's vocabulary, merges and cuts, with nothing added that a text could spell. */
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

/** The folder's own files, and those made that it lacks. */
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
