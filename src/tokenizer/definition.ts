// What the files of a tokenizer say, checked: a tokenizer.json, or the older pair of vocab.json and merges.txt, and
// beside either what marks tokens as special. Files come from strangers; nothing here knows how text is encoded.

import { join } from 'node:path';
import { UserError } from '../errors.js';
import { endOfTextToken, isGpt2Vocabulary } from './gpt2-digest.js';
import { type AddedToken, byteLevelTokenizerJson, specialToken } from './tokenizer-json.js';
import {
  broken,
  checkMerge,
  type Entries,
  isEntries,
  mergeLine,
  mergeLines,
  parseAddedToken,
  parseEntries,
  parseVocabulary,
  shown,
} from './vocabulary.js';

export interface TokenizerFiles {
  /** Where messages say that the files lie. */
  readonly folder: string;
  /** Contents by name. */
  readonly texts: ReadonlyMap<string, string>;
}

export interface Definition {
  /** The file that gives the vocabulary. */
  readonly path: string;
  /** A whole tokenizer.json: read, or made of vocab.json and merges.txt. `added` replaces its added tokens. */
  readonly tokenizer: Entries;
  readonly model: Entries;
  /** What the model can make of text, by token. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Each as "left right", in the order of their rank; null where the model is no BPE. */
  readonly merges: readonly string[] | null;
  readonly hasGpt2Vocabulary: boolean;
  readonly added: readonly AddedToken[];
  /** Ids that decode to nothing. No text may be encoded to them, but to the one of unknown words. */
  readonly special: ReadonlySet<number>;
  readonly unknown: number | undefined;
  readonly endOfText: number;
  readonly endOfTextToken: string;
  /** The greatest id and one. */
  readonly vocabularySize: number;
}

type Source = Pick<
  Definition,
  'path' | 'tokenizer' | 'model' | 'vocabulary' | 'merges' | 'hasGpt2Vocabulary'
>;

/** @throws UserError (model) where a file is broken, or there is no end-of-text token. */
export function defineTokenizer(files: TokenizerFiles): Definition {
  const configs = ['special_tokens_map.json', 'tokenizer_config.json'].map((name) =>
    optionalEntries(files, name),
  );
  const source = files.texts.has('tokenizer.json')
    ? fromTokenizerJson(files, configs)
    : fromVocabulary(files, configs);
  const named = namedTokens(configs);
  const listed = addedTokens(files, source);
  const idOf = new Map(source.vocabulary);
  for (const { content, id } of listed) idOf.set(content, id);
  const endOfTextName = endOfTextOf(files.folder, named.get('eos_token'), idOf);
  const added = withNames(listed, new Set([...named.values(), endOfTextName]), idOf);
  const isSpecial = ({ content, special }: AddedToken): boolean =>
    special && (content === endOfTextName || !isMadeOfText(content, source));
  const { unk_token: unknownToken, unk_id: unknownId } = source.model;
  let vocabularySize = 0;
  for (const id of idOf.values()) vocabularySize = Math.max(vocabularySize, id + 1);
  return {
    ...source,
    added,
    special: new Set(added.filter(isSpecial).map(({ id }) => id)),
    unknown: typeof unknownToken === 'string' ? idOf.get(unknownToken) : numberOrNone(unknownId),
    endOfText: idOf.get(endOfTextName) ?? 0,
    endOfTextToken: endOfTextName,
    vocabularySize,
  };
}

function numberOrNone(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function optionalEntries({ folder, texts }: TokenizerFiles, name: string): Entries {
  const text = texts.get(name);
  return text === undefined ? {} : parseEntries(text, join(folder, name));
}

function fromTokenizerJson({ folder, texts }: TokenizerFiles, configs: readonly Entries[]): Source {
  const path = join(folder, 'tokenizer.json');
  const tokenizer = withPrefixSpace(parseEntries(texts.get('tokenizer.json') ?? '', path), configs);
  if (!isEntries(tokenizer.model)) throw broken(path, 'has no model');
  const vocabulary = parseVocabulary(tokenizer.model.vocab, path);
  const type = modelType(tokenizer.model, path);
  const model: Entries = { ...tokenizer.model, type };
  if (type !== 'BPE') return { path, tokenizer, model, vocabulary, merges: null, hasGpt2Vocabulary: false };
  if (!Array.isArray(model.merges)) throw broken(path, 'has no list of merges');
  const checked = checkedMerges(model.merges, vocabulary, (index) => `${path}, merge ${index + 1},`);
  return { path, tokenizer, model, vocabulary, ...checked };
}

/** Older files do not name the type. */
function modelType(model: Entries, path: string): 'BPE' | 'WordPiece' | 'Unigram' {
  const likely = Array.isArray(model.vocab) ? 'Unigram' : 'merges' in model ? 'BPE' : 'WordPiece';
  const type = model.type ?? likely;
  if (type === 'BPE' || type === 'WordPiece' || type === 'Unigram') return type;
  throw new UserError(
    'model',
    `${path} has a model of type ${shown(type)}, which cannot be used here; BPE, WordPiece and Unigram can`,
  );
}

/** Whether a config says that text is read as if a space came before it; undefined where none says anything. */
function prefixSpaceOf(configs: readonly Entries[]): boolean | undefined {
  const said = configs.map((config) => config.add_prefix_space).filter((value) => typeof value === 'boolean');
  return said.at(-1);
}

/** As in transformers, what a config says goes before what tokenizer.json does. */
function withPrefixSpace(tokenizer: Entries, configs: readonly Entries[]): Entries {
  const cut = tokenizer.pre_tokenizer;
  const said = prefixSpaceOf(configs);
  if (said === undefined || !isEntries(cut) || cut.type !== 'ByteLevel') return tokenizer;
  return { ...tokenizer, pre_tokenizer: { ...cut, add_prefix_space: said } };
}

function checkedMerges(
  found: readonly unknown[],
  vocabulary: ReadonlyMap<string, number>,
  placeOf: (index: number) => string,
): Pick<Source, 'merges' | 'hasGpt2Vocabulary'> {
  const merges = found.map(mergeLine);
  const hasGpt2Vocabulary = isGpt2Vocabulary(vocabulary, merges);
  // GPT-2's are known to be sound; looking at each takes longer than reading them.
  if (!hasGpt2Vocabulary)
    for (const [index, merge] of found.entries()) checkMerge(merge, vocabulary, () => placeOf(index));
  return { merges, hasGpt2Vocabulary };
}

function fromVocabulary({ folder, texts }: TokenizerFiles, configs: readonly Entries[]): Source {
  const vocabularyText = texts.get('vocab.json');
  const mergesText = texts.get('merges.txt');
  if (vocabularyText === undefined || mergesText === undefined)
    throw new UserError(
      'model',
      `${folder} has no tokenizer: it needs tokenizer.json, or vocab.json and merges.txt; copy them from the model that it was trained from`,
    );
  const path = join(folder, 'vocab.json');
  const vocab = parseEntries(vocabularyText, path);
  const vocabulary = parseVocabulary(vocab, path);
  const { lines, first } = mergeLines(mergesText);
  const placeOf = (index: number): string => `${join(folder, 'merges.txt')}, line ${first + index},`;
  const checked = checkedMerges(lines, vocabulary, placeOf);
  const addPrefixSpace = prefixSpaceOf(configs) ?? false;
  const tokenizer = byteLevelTokenizerJson({ vocab, merges: lines, added: [], addPrefixSpace });
  return { path, tokenizer, model: tokenizer.model, vocabulary, ...checked };
}

const roles = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

function contentOf(token: unknown): string | undefined {
  const content = isEntries(token) ? token.content : token;
  return typeof content === 'string' ? content : undefined;
}

/** Tokens that the configs name, by role; a later config wins. */
function namedTokens(configs: readonly Entries[]): Map<string, string> {
  const named = new Map<string, string>();
  for (const config of configs) {
    for (const role of roles) {
      const content = contentOf(config[role]);
      if (content !== undefined) named.set(role, content);
    }
    for (const list of [config.additional_special_tokens, config.extra_special_tokens])
      for (const token of isEntries(list) || Array.isArray(list) ? Object.values(list) : []) {
        const content = contentOf(token);
        if (content !== undefined) named.set(`additional ${content}`, content);
      }
  }
  return named;
}

/** Added tokens of all files that list some; each may stand in several, with one id. */
function addedTokens(files: TokenizerFiles, { tokenizer, vocabulary, path }: Source): AddedToken[] {
  const added = new Map<string, AddedToken>();
  const tokenOf = new Map<number, string>();
  for (const [token, id] of vocabulary) tokenOf.set(id, token);
  const add = (token: AddedToken, file: string): void => {
    const known = added.get(token.content)?.id ?? vocabulary.get(token.content) ?? token.id;
    const other = tokenOf.get(token.id) ?? token.content;
    if (known !== token.id)
      throw broken(
        file,
        `gives token ${shown(token.content)} the id ${token.id}, but it already has ${known}`,
      );
    if (other !== token.content)
      throw broken(file, `gives token ${shown(token.content)} the id ${token.id}, which ${shown(other)} has`);
    tokenOf.set(token.id, token.content);
    if (!added.has(token.content)) added.set(token.content, token);
  };
  const own = tokenizer.added_tokens ?? [];
  if (!Array.isArray(own)) throw broken(path, 'has no list of added tokens');
  for (const token of own) add(parseAddedToken(token, isEntries(token) ? token.id : null, path), path);
  const configPath = join(files.folder, 'tokenizer_config.json');
  const decoder = optionalEntries(files, 'tokenizer_config.json').added_tokens_decoder;
  for (const [id, token] of isEntries(decoder) ? Object.entries(decoder) : [])
    add(parseAddedToken(token, Number(id), configPath), configPath);
  const oldPath = join(files.folder, 'added_tokens.json');
  for (const [content, id] of Object.entries(optionalEntries(files, 'added_tokens.json')))
    add(parseAddedToken({ content }, id, oldPath), oldPath);
  return [...added.values()];
}

/** Tokens that a config names for a role are special, whatever their own entry says, and whether they have one. */
function withNames(
  listed: readonly AddedToken[],
  names: ReadonlySet<string>,
  idOf: ReadonlyMap<string, number>,
): AddedToken[] {
  const added = listed.map((token) => (names.has(token.content) ? { ...token, special: true } : token));
  const present = new Set(listed.map(({ content }) => content));
  for (const content of names) {
    const id = idOf.get(content);
    if (id !== undefined && !present.has(content)) added.push(specialToken(id, content));
  }
  return added;
}

/** Whether merging makes the token. Some take an ordinary one for padding, such as "!", which has GPT-2's id 0. */
function isMadeOfText(token: string, { vocabulary, merges }: Source): boolean {
  if (merges === null || !vocabulary.has(token)) return false;
  return [...token].length === 1 || merges.some((merge) => merge.replace(' ', '') === token);
}

function endOfTextOf(folder: string, named: string | undefined, idOf: ReadonlyMap<string, number>): string {
  if (named !== undefined && idOf.has(named)) return named;
  if (idOf.has(endOfTextToken)) return endOfTextToken;
  const lacking =
    named === undefined
      ? `${endOfTextToken} nor an eos_token`
      : `${endOfTextToken} nor its eos_token ${shown(named)}`;
  throw new UserError(
    'model',
    `${folder}: its tokenizer has neither ${lacking}; name one of its tokens as "eos_token" in tokenizer_config.json`,
  );
}
