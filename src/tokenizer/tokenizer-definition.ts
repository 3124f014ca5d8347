// Reads a model folder's tokenizer: tokenizer.json, or the equivalent built from vocab.json and merges.txt. The folder is
// untrusted, so sizes and types are checked here, and later code can rely on them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { FileRefused, readFileOfFolder } from '../files/regular-file.js';
import { type Fields, isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import { listedTokens, rolesOf, specialIds, withNamed } from './added-tokens.js';
import {
  type AddedToken,
  endOfTextToken,
  type Roles,
  tokenizerFileNames,
  tokenizerJson,
} from './tokenizer-files.js';
import {
  checkedMerges,
  checkedVocab,
  damaged,
  type Merges,
  mergeLines,
  parseObject,
} from './tokenizer-tables.js';

/** A parsed tokenizer.json. */
export type TokenizerFields = Fields & { readonly model: Fields };

export interface TokenizerDefinition {
  /** The file that error messages name. */
  readonly path: string;
  /** Token to id. Added tokens are in it only if the vocabulary lists them too. */
  readonly vocab: ReadonlyMap<string, number>;
  /** `left right`, best first; null if the tokenizer has no merges or merges.txt cannot express them. */
  readonly merges: readonly string[] | null;
  readonly hasGpt2Vocabulary: boolean;
  /** Sorted by id. Tokens that are named for a role are special, even if their own entry says otherwise. */
  readonly addedTokens: readonly AddedToken[];
  /** The ids that decode to an empty string: special added tokens, except those that ordinary text can produce. */
  readonly special: ReadonlySet<number>;
  /** The id that unknown text encodes to. */
  readonly unknown: number | undefined;
  readonly vocabularySize: number;
  /** The token that ends a turn: the folder's `eos_token`, or <|endoftext|>. */
  readonly endOfTextToken: string;
  /** The tokens that the folder names for roles such as `pad_token`. */
  readonly roles: Roles;
  /** Whether text is split and turned into bytes as GPT-2 does it, without normalization before. */
  readonly byteLevel: boolean;
  /** Whether a space is added before a text that begins without one. */
  readonly addPrefixSpace: boolean;
  /** tokenizer.json: the folder's own or a generated one. */
  readonly json: () => string;
  /** The parsed tokenizer.json, completed with the type of its model and the prefix space that a config asks for. */
  readonly fields: () => TokenizerFields;
  /** The tokenizer's files that are in the folder, by name. */
  readonly files: ReadonlyMap<string, string>;
}

/** The ids that no text encodes to: all special tokens except the one for unknown text. */
export function unspokenIds(
  { special, unknown }: TokenizerDefinition,
  endOfText: number,
): ReadonlySet<number> {
  return new Set([endOfText, ...[...special].filter((id) => id !== unknown)]);
}

/** The tokenizer.json of the largest multilingual vocabularies has about 35 MB. */
const mostBytes = 2 ** 27;

/** @throws UserError (model) when the folder has no tokenizer, or one that is damaged. */
export function readDefinition(folder: string): TokenizerDefinition {
  const files = new Map<string, string>();
  for (const name of tokenizerFileNames) {
    const text = readIfThere(join(folder, name));
    if (text !== undefined) files.set(name, text);
  }
  return definitionOf(folder, files);
}

/** The same, from the contents of the files by name. */
export function definitionOf(folder: string, files: ReadonlyMap<string, string>): TokenizerDefinition {
  const configs = ['special_tokens_map.json', 'tokenizer_config.json'].map((name) =>
    parseObject(join(folder, name), files.get(name)),
  );
  const own = files.get('tokenizer.json');
  const { fields, unknownOf, ...source } =
    own === undefined
      ? fromVocabularyAndMerges(folder, files, configs)
      : fromTokenizerJson(join(folder, 'tokenizer.json'), own, configs);
  const roles = rolesOf(configs);
  const end = typeof roles.eos_token === 'string' ? roles.eos_token : endOfTextToken;
  const listed = listedTokens(folder, files, source.vocab, {
    path: source.path,
    own: fields?.added_tokens ?? [],
  });
  const addedTokens = withNamed(listed, new Set([...Object.values(roles).flat(), end]), source.vocab);
  let vocabularySize = 0;
  for (const id of source.vocab.values()) if (id >= vocabularySize) vocabularySize = id + 1;
  for (const { id } of addedTokens) if (id >= vocabularySize) vocabularySize = id + 1;
  const json = () =>
    own ?? tokenizerJson({ vocab: source.vocab, merges: source.merges ?? [] }, addedTokens, source);
  return {
    ...source,
    addedTokens,
    special: specialIds(addedTokens, end, source.vocab, source.merges),
    unknown: unknownOf(
      (token) => addedTokens.find(({ content }) => content === token)?.id ?? source.vocab.get(token),
    ),
    vocabularySize,
    endOfTextToken: end,
    roles,
    json,
    fields: () => fields ?? JSON.parse(json()),
    files,
  };
}

interface Source
  extends Pick<TokenizerDefinition, 'path' | 'vocab' | 'byteLevel' | 'addPrefixSpace'>,
    Merges {
  /** Null if there is no tokenizer.json. */
  readonly fields: TokenizerFields | null;
  readonly unknownOf: (idOf: (token: string) => number | undefined) => number | undefined;
}

function readIfThere(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileOfFolder(path, mostBytes)
      .toString('utf8')
      .replace(/^\ufeff/, '');
  } catch (thrown) {
    if (thrown instanceof FileRefused)
      throw new UserError('tokenizer-invalid', `${path} ${thrown.message}; ${thrown.advice}`, {
        cause: thrown,
      });
    throw new UserError(
      'tokenizer-invalid',
      `${path} cannot be read (${messageOf(thrown)}); check its permissions`,
      {
        cause: thrown,
      },
    );
  }
}

function fromTokenizerJson(path: string, text: string, configs: readonly Fields[]): Source {
  const parsed = withPrefixSpace(parseObject(path, text), configs);
  if (!isRecord(parsed.model)) throw damaged(path, 'has no "model"');
  const vocab = checkedVocab(path, parsed.model.vocab);
  const model = { ...parsed.model, type: modelType(path, parsed.model) };
  const fields = { ...parsed, model };
  return {
    path,
    vocab,
    ...(model.type === 'BPE' ? mergesOf(path, model, vocab) : { merges: null, hasGpt2Vocabulary: false }),
    byteLevel: model.type === 'BPE' && isByteLevel(fields),
    addPrefixSpace: isRecord(parsed.pre_tokenizer) && parsed.pre_tokenizer.add_prefix_space === true,
    fields,
    unknownOf: (idOf) => unknownToken(path, model, idOf),
  };
}

/** Unigram names its unknown token by id, the other kinds by content. */
function unknownToken(
  path: string,
  model: Fields,
  idOf: (token: string) => number | undefined,
): number | undefined {
  const { unk_token: token, unk_id: id } = model;
  if (model.type !== 'Unigram') return typeof token === 'string' ? idOf(token) : undefined;
  if (id === undefined || id === null) return undefined;
  if (typeof id === 'number' && Array.isArray(model.vocab) && id in model.vocab) return id;
  throw damaged(path, `has the "unk_id" ${quoted(id)}, which is not in its vocabulary`);
}

/** Older files do not name the type. */
function modelType(path: string, model: Fields): 'BPE' | 'WordPiece' | 'Unigram' {
  const likely = Array.isArray(model.vocab) ? 'Unigram' : 'merges' in model ? 'BPE' : 'WordPiece';
  const type = model.type ?? likely;
  if (type === 'BPE' || type === 'WordPiece' || type === 'Unigram') return type;
  throw new UserError(
    'tokenizer-unsupported',
    `${path} has a tokenizer of type ${quoted(type)}, which this program cannot read; use a model with a GPT-2 tokenizer`,
  );
}

/** As in transformers, a config overrides tokenizer.json. */
function withPrefixSpace(tokenizer: Fields, configs: readonly Fields[]): Fields {
  const cut = tokenizer.pre_tokenizer;
  const asked = prefixSpaceOf(configs);
  if (asked === undefined || !isRecord(cut) || cut.type !== 'ByteLevel') return tokenizer;
  return { ...tokenizer, pre_tokenizer: { ...cut, add_prefix_space: asked } };
}

/** Undefined if no config says anything. */
function prefixSpaceOf(configs: readonly Fields[]): boolean | undefined {
  return configs.map((config) => config.add_prefix_space).findLast((asked) => typeof asked === 'boolean');
}

function mergesOf(path: string, model: Fields, vocab: ReadonlyMap<string, number>): Merges {
  const { merges, continuing_subword_prefix: inner } = model;
  if (!Array.isArray(merges)) throw damaged(path, 'has no list of merges');
  const place = (index: number) => `${path}, merge ${index + 1},`;
  return checkedMerges(merges, vocab, place, typeof inner === 'string' ? inner : '');
}

function isByteLevel({ model, normalizer, pre_tokenizer: cut, decoder }: TokenizerFields): boolean {
  return (
    !model.byte_fallback &&
    !model.continuing_subword_prefix &&
    !model.end_of_word_suffix &&
    (normalizer ?? null) === null &&
    isRecord(cut) &&
    cut.type === 'ByteLevel' &&
    (cut.use_regex ?? true) === true &&
    isRecord(decoder) &&
    decoder.type === 'ByteLevel'
  );
}

/** For a folder without tokenizer.json that has GPT-2's older pair of files. */
function fromVocabularyAndMerges(
  folder: string,
  files: ReadonlyMap<string, string>,
  configs: readonly Fields[],
): Source {
  const vocabText = files.get('vocab.json');
  const mergesText = files.get('merges.txt');
  if (vocabText === undefined && mergesText === undefined)
    throw new UserError(
      'tokenizer-missing',
      `${folder} has no tokenizer that this program can read: it needs tokenizer.json, or vocab.json with merges.txt`,
    );
  if (vocabText === undefined || mergesText === undefined)
    throw new UserError(
      'tokenizer-missing',
      `${folder} has ${vocabText === undefined ? 'merges.txt but no vocab.json' : 'vocab.json but no merges.txt'}; add the missing one, or a tokenizer.json`,
    );
  const path = join(folder, 'vocab.json');
  const vocab = checkedVocab(path, parseObject(path, vocabText));
  const { lines, first } = mergeLines(mergesText);
  const place = (index: number) => `${join(folder, 'merges.txt')}, line ${first + index},`;
  return {
    path,
    vocab,
    ...checkedMerges(lines, vocab, place),
    byteLevel: true,
    addPrefixSpace: prefixSpaceOf(configs) ?? false,
    fields: null,
    unknownOf: () => undefined,
  };
}
