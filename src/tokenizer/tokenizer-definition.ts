// What a model folder says about its tokenizer: tokenizer.json, or the same built from vocab.json + merges.txt, checked
// so far that nothing after it can be led astray. The folder comes from strangers: sizes and types are looked at first.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import {
  type AddedToken,
  type BytePairVocabulary,
  endOfTextToken,
  tokenizerJson,
} from './tokenizer-files.js';

type Vocabulary = Readonly<Record<string, number>> | readonly unknown[];

export function isList(vocab: Vocabulary): vocab is readonly unknown[] {
  return Array.isArray(vocab);
}

/** The parts of tokenizer.json that are looked into here; the rest is the general tokenizer's. */
interface TokenizerJson {
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly model: {
    readonly unk_token?: unknown;
    /** By token, or for Unigram a list of [token, score]. */
    readonly vocab: Vocabulary;
    readonly merges?: unknown;
  };
}

export interface TokenizerDefinition {
  /** The file to blame. */
  readonly path: string;
  /** What tokenizer.json says, or would. */
  readonly text: string;
  readonly json: TokenizerJson;
  readonly addedTokens: readonly AddedToken[];
  readonly vocabularySize: number;
  /** Null where the model is not byte-pair encoding that merges.txt can hold. */
  readonly bytePair: BytePairVocabulary | null;
  /** The token that ends a turn: the folder's `eos_token`, else <|endoftext|>. */
  readonly endOfTextToken: string;
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
  const path = join(folder, own === undefined ? 'vocab.json' : 'tokenizer.json');
  const text = own ?? fromVocabularyAndMerges(folder, files, settings);
  const parsed = parseObject(path, text);
  const json = checkedJson(path, parsed);
  const addedTokens = checkedAddedTokens(path, parsed.added_tokens);
  return {
    path,
    text,
    json,
    addedTokens,
    vocabularySize: vocabularySize(json, addedTokens),
    bytePair: bytePairOf(json),
    endOfTextToken: tokenText(settings.eos_token) ?? endOfTextToken,
    files,
  };
}

/** The id of `token`, or undefined. */
export function idOf({ json, addedTokens }: TokenizerDefinition, token: string): number | undefined {
  const added = addedTokens.find(({ content }) => content === token);
  if (added) return added.id;
  const { vocab } = json.model;
  if (!isList(vocab)) return Object.hasOwn(vocab, token) ? vocab[token] : undefined;
  const index = vocab.findIndex((entry) => Array.isArray(entry) && entry[0] === token);
  return index < 0 ? undefined : index;
}

/** Whether texts are cut, before encoding, in GPT-2's way and not changed. */
export function cutsLikeGpt2({ json }: TokenizerDefinition): boolean {
  const cut = json.pre_tokenizer;
  return (
    (json.normalizer ?? null) === null &&
    isRecord(cut) &&
    cut.type === 'ByteLevel' &&
    cut.add_prefix_space === false &&
    (cut.use_regex ?? true) === true
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
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

function parseObject(path: string, text: string | undefined): Readonly<Record<string, unknown>> {
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

/** tokenizer.json for a folder that has only GPT-2's older pair of files. */
function fromVocabularyAndMerges(
  folder: string,
  files: ReadonlyMap<string, string>,
  settings: Readonly<Record<string, unknown>>,
): string {
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
  const added = addedTokensOf(folder, files, settings, vocab);
  return tokenizerJson({ vocab: new Map(Object.entries(vocab)), merges }, added, {
    addPrefixSpace: settings.add_prefix_space === true,
  });
}

/** The tokens that the older files name beside the vocabulary, each once. */
function addedTokensOf(
  folder: string,
  files: ReadonlyMap<string, string>,
  settings: Readonly<Record<string, unknown>>,
  vocab: Readonly<Record<string, number>>,
): AddedToken[] {
  const added = new Map<number, AddedToken>();
  const special = new Set(
    ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token']
      .map((key) => tokenText(settings[key]))
      .concat([settings.additional_special_tokens].flat().map(tokenText), endOfTextToken)
      .filter((token) => token !== undefined),
  );
  for (const content of special) {
    const id = Object.hasOwn(vocab, content) ? vocab[content] : undefined;
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

/** @throws UserError (model) unless every token has a usable id. */
function checkedVocab(
  path: string,
  vocab: Readonly<Record<string, unknown>>,
): Readonly<Record<string, number>> {
  if (hasUsableIds(vocab)) return vocab;
  const token = Object.keys(vocab).find((candidate) => !isTokenId(vocab[candidate])) ?? '';
  throw damaged(path, `gives the token ${JSON.stringify(token.slice(0, 40))} no usable id`);
}

function hasUsableIds(vocab: Readonly<Record<string, unknown>>): vocab is Readonly<Record<string, number>> {
  return Object.values(vocab).every(isTokenId);
}

function checkedJson(path: string, json: Readonly<Record<string, unknown>>): TokenizerJson {
  const { model } = json;
  if (!isRecord(model)) throw damaged(path, 'has no "model"');
  const { vocab } = model;
  if (isRecord(vocab)) return { ...json, model: { ...model, vocab: checkedVocab(path, vocab) } };
  if (Array.isArray(vocab)) return { ...json, model: { ...model, vocab: vocab as readonly unknown[] } };
  throw damaged(path, 'has no vocabulary in its "model"');
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

function vocabularySize({ model: { vocab } }: TokenizerJson, addedTokens: readonly AddedToken[]): number {
  let size = isList(vocab) ? vocab.length : 0;
  if (!isList(vocab)) for (const id of Object.values(vocab)) size = Math.max(size, id + 1);
  for (const { id } of addedTokens) size = Math.max(size, id + 1);
  return size;
}

/** Merges as `left right`, whichever of its two ways tokenizer.json has. */
function bytePairOf({ model: { vocab, merges } }: TokenizerJson): BytePairVocabulary | null {
  if (!Array.isArray(merges) || isList(vocab)) return null;
  const lines: string[] = [];
  for (const merge of merges as readonly unknown[]) {
    const line: unknown = Array.isArray(merge) ? merge.join(' ') : merge;
    if (typeof line !== 'string' || line.split(' ').length !== 2) return null;
    lines.push(line);
  }
  return { vocab: new Map(Object.entries(vocab)), merges: lines };
}
