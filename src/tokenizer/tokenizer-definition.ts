// What a model folder says about its tokenizer: tokenizer.json, or the same built from vocab.json + merges.txt, checked
// so far that nothing after it can be led astray. The folder comes from strangers: sizes and types are looked at first.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { type AddedToken, endOfTextToken, tokenizerJson } from './tokenizer-files.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface TokenizerDefinition {
  /** The file to blame. */
  readonly path: string;
  /** Without the added tokens, unless the vocabulary lists them too. */
  readonly vocab: ReadonlyMap<string, number>;
  /** `left right`, best first; null where the tokenizer has none that merges.txt can hold. */
  readonly merges: readonly string[] | null;
  readonly addedTokens: readonly AddedToken[];
  readonly vocabularySize: number;
  /** The token that ends a turn: the folder's `eos_token`, else <|endoftext|>. */
  readonly endOfTextToken: string;
  /** Whether texts are cut, before encoding, in GPT-2's way and not changed. */
  readonly cutsLikeGpt2: boolean;
  /** tokenizer.json, the folder's own or made. */
  readonly json: () => string;
  /** The tokenizer's files that are in the folder, by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** All that transformers may look for; only text. */
const fileNames = [
  'tokenizer.json',
  'vocab.json',
  'merges.txt',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
] as const;

/** The tokenizer.json of the largest multilingual vocabularies has some 35 MB. */
const mostBytes = 2 ** 28;
const largestId = 2 ** 24;

/** @throws UserError (model) when the folder has no tokenizer, or one that is damaged. */
export function readDefinition(folder: string): TokenizerDefinition {
  const files = new Map<string, string>();
  for (const name of fileNames) {
    const text = readIfThere(join(folder, name));
    if (text !== undefined) files.set(name, text);
  }
  return definitionOf(folder, files);
}

/** The same from the texts of the files. */
export function definitionOf(folder: string, files: ReadonlyMap<string, string>): TokenizerDefinition {
  const parse = (name: string) => parseObject(join(folder, name), files.get(name));
  const settings = { ...parse('special_tokens_map.json'), ...parse('tokenizer_config.json') };
  const own = files.get('tokenizer.json');
  const model =
    own === undefined
      ? fromVocabularyAndMerges(folder, files, settings)
      : fromTokenizerJson(join(folder, 'tokenizer.json'), own);
  let size = 0;
  for (const id of model.vocab.values()) if (id >= size) size = id + 1;
  for (const { id } of model.addedTokens) if (id >= size) size = id + 1;
  return {
    ...model,
    vocabularySize: size,
    endOfTextToken: tokenText(settings.eos_token) ?? endOfTextToken,
    files,
  };
}

type Model = Omit<TokenizerDefinition, 'vocabularySize' | 'endOfTextToken' | 'files'>;

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, what: string): UserError {
  return new UserError('model', `${path} ${what}; download or copy the tokenizer's files again`);
}

function readIfThere(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isFile()) throw damaged(path, 'is not a file');
  if (stats.size > mostBytes) throw damaged(path, `has ${stats.size} bytes, more than any tokenizer needs`);
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (thrown) {
    throw new UserError('model', `${path} cannot be read (${messageOf(thrown)}); check its permissions`, {
      cause: thrown,
    });
  }
}

function parseObject(path: string, text: string | undefined): Fields {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw damaged(path, `is not JSON (${messageOf(thrown)})`);
  }
  if (!isRecord(value)) throw damaged(path, 'does not hold a JSON object');
  return value;
}

function fromTokenizerJson(path: string, text: string): Model {
  const parsed = parseObject(path, text);
  const { model, normalizer, pre_tokenizer: cut } = parsed;
  if (!isRecord(model)) throw damaged(path, 'has no "model"');
  return {
    path,
    vocab: checkedVocab(path, model.vocab),
    merges: mergesOf(model.merges),
    addedTokens: checkedAddedTokens(path, parsed.added_tokens),
    cutsLikeGpt2:
      (normalizer ?? null) === null &&
      isRecord(cut) &&
      cut.type === 'ByteLevel' &&
      cut.add_prefix_space === false &&
      (cut.use_regex ?? true) === true,
    json: () => text,
  };
}

/** For a folder that has only GPT-2's older pair of files. */
function fromVocabularyAndMerges(
  folder: string,
  files: ReadonlyMap<string, string>,
  settings: Fields,
): Model {
  const vocabText = files.get('vocab.json');
  const mergesText = files.get('merges.txt');
  if (vocabText === undefined && mergesText === undefined)
    throw new UserError(
      'model',
      `${folder} has no tokenizer that this program can read: it needs tokenizer.json, or vocab.json with merges.txt`,
    );
  if (vocabText === undefined || mergesText === undefined)
    throw new UserError(
      'model',
      `${folder} has ${vocabText === undefined ? 'merges.txt but no vocab.json' : 'vocab.json but no merges.txt'}; both are needed where there is no tokenizer.json`,
    );
  const path = join(folder, 'vocab.json');
  const vocab = checkedVocab(path, parseObject(path, vocabText));
  const merges = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const addedTokens = addedTokensOf(folder, files, settings, vocab);
  const addPrefixSpace = settings.add_prefix_space === true;
  return {
    path,
    vocab,
    merges,
    addedTokens,
    cutsLikeGpt2: !addPrefixSpace,
    json: () => tokenizerJson({ vocab, merges }, addedTokens, { addPrefixSpace }),
  };
}

/** The tokens that the older files name beside the vocabulary, each once. */
function addedTokensOf(
  folder: string,
  files: ReadonlyMap<string, string>,
  settings: Fields,
  vocab: ReadonlyMap<string, number>,
): AddedToken[] {
  const added = new Map<number, AddedToken>();
  const special = new Set(
    ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token']
      .map((key) => tokenText(settings[key]))
      .concat([settings.additional_special_tokens].flat().map(tokenText), endOfTextToken)
      .filter((token) => token !== undefined),
  );
  for (const content of special) {
    const id = vocab.get(content);
    if (id !== undefined) added.set(id, { id, content, special: true });
  }
  for (const [content, id] of Object.entries(
    parseObject(join(folder, 'added_tokens.json'), files.get('added_tokens.json')),
  ))
    if (isTokenId(id)) added.set(id, { id, content, special: special.has(content) });
  const decoder = settings.added_tokens_decoder;
  for (const [id, token] of isRecord(decoder) ? Object.entries(decoder) : [])
    if (isRecord(token) && typeof token.content === 'string' && isTokenId(Number(id)))
      added.set(Number(id), { special: false, ...token, content: token.content, id: Number(id) });
  return [...added.values()].sort((left, right) => left.id - right.id);
}

/** `"<|endoftext|>"` or `{ "content": "<|endoftext|>", ... }`. */
function tokenText(setting: unknown): string | undefined {
  if (typeof setting === 'string') return setting;
  return isRecord(setting) && typeof setting.content === 'string' ? setting.content : undefined;
}

function isTokenId(id: unknown): id is number {
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < largestId;
}

/** @throws UserError (model) unless `vocab` gives every token a usable id: by token, or as Unigram's [token, score]s. */
function checkedVocab(path: string, vocab: unknown): ReadonlyMap<string, number> {
  const entries: readonly (readonly [unknown, unknown])[] | null = Array.isArray(vocab)
    ? vocab.map((entry: unknown, id) => [Array.isArray(entry) ? entry[0] : entry, id])
    : isRecord(vocab)
      ? Object.entries(vocab)
      : null;
  if (!entries) throw damaged(path, 'has no vocabulary in its "model"');
  const ids = new Map<string, number>();
  for (const [token, id] of entries) {
    if (typeof token !== 'string') throw damaged(path, `has no text for token ${String(id)}`);
    if (!isTokenId(id))
      throw damaged(path, `gives the token ${JSON.stringify(token.slice(0, 40))} no usable id`);
    ids.set(token, id);
  }
  return ids;
}

function checkedAddedTokens(path: string, list: unknown): AddedToken[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw damaged(path, 'has "added_tokens" that are not a list');
  return list.map((token: unknown) => {
    if (!isRecord(token) || typeof token.content !== 'string' || token.content === '' || !isTokenId(token.id))
      throw damaged(path, 'has an added token without content or a usable id');
    return { ...token, id: token.id, content: token.content, special: token.special === true };
  });
}

/** Merges as `left right`, whichever of its two ways tokenizer.json has. */
function mergesOf(merges: unknown): string[] | null {
  if (!Array.isArray(merges)) return null;
  const lines: string[] = [];
  for (const merge of merges as readonly unknown[]) {
    const line: unknown = Array.isArray(merge) ? merge.join(' ') : merge;
    if (typeof line !== 'string') return null;
    const space = line.indexOf(' ');
    if (space < 0 || line.indexOf(' ', space + 1) >= 0) return null;
    lines.push(line);
  }
  return lines;
}
