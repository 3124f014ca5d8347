// What the files of a tokenizer say, checked: a tokenizer.json, or the older pair of vocab.json and merges.txt, and
// beside either what marks tokens as special. Files come from strangers; nothing here knows how text is encoded.

import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type AddedToken, byteLevelTokenizerJson, type Merge } from './tokenizer-json.js';
import {
  broken,
  type Entries,
  isEntries,
  parseAddedToken,
  parseEntries,
  parseMerges,
  parseMergesText,
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
  /** Null where the model is no BPE. */
  readonly merges: readonly Merge[] | null;
  readonly added: readonly AddedToken[];
  /** Ids that decode to nothing. No text may be encoded to them, but to the one of unknown words. */
  readonly special: ReadonlySet<number>;
  readonly unknown: number | undefined;
  readonly endOfText: number;
  readonly endOfTextToken: string;
  /** The greatest id and one. */
  readonly vocabularySize: number;
}

type Source = Pick<Definition, 'path' | 'tokenizer' | 'model' | 'vocabulary' | 'merges'>;

/** @throws UserError (model) where a file is broken, or there is no end-of-text token. */
export function defineTokenizer(files: TokenizerFiles): Definition {
  const configs = ['special_tokens_map.json', 'tokenizer_config.json'].map((name) =>
    optionalEntries(files, name),
  );
  const source = files.texts.has('tokenizer.json')
    ? fromTokenizerJson(files)
    : fromVocabulary(files, configs);
  const named = namedTokens(configs);
  const added = withNames(addedTokens(files, source), new Set(named.values()));
  const idOf = new Map(source.vocabulary);
  for (const { content, id } of added) idOf.set(content, id);
  const endOfTextToken = endOfTextOf(files.folder, named.get('eos_token'), idOf);
  const endOfText = idOf.get(endOfTextToken) ?? 0;
  const special = new Set([endOfText, ...added.filter((token) => token.special).map(({ id }) => id)]);
  for (const token of named.values()) special.add(idOf.get(token) ?? endOfText);
  const unknown = typeof source.model.unk_token === 'string' ? idOf.get(source.model.unk_token) : undefined;
  let vocabularySize = 0;
  for (const id of idOf.values()) vocabularySize = Math.max(vocabularySize, id + 1);
  return { ...source, added, special, unknown, endOfText, endOfTextToken, vocabularySize };
}

function optionalEntries({ folder, texts }: TokenizerFiles, name: string): Entries {
  const text = texts.get(name);
  return text === undefined ? {} : parseEntries(text, join(folder, name));
}

function fromTokenizerJson({ folder, texts }: TokenizerFiles): Source {
  const path = join(folder, 'tokenizer.json');
  const tokenizer = parseEntries(texts.get('tokenizer.json') ?? '', path);
  if (!isEntries(tokenizer.model)) throw broken(path, 'has no model');
  const vocabulary = parseVocabulary(tokenizer.model.vocab, path);
  // Older files do not name the type of a BPE.
  const isBpe =
    tokenizer.model.type === 'BPE' || (!('type' in tokenizer.model) && 'merges' in tokenizer.model);
  const merges = isBpe ? parseMerges(tokenizer.model.merges, vocabulary, path) : null;
  const model = isBpe ? { ...tokenizer.model, type: 'BPE' } : tokenizer.model;
  return { path, tokenizer, model, vocabulary, merges };
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
  const vocabulary = parseVocabulary(parseEntries(vocabularyText, path), path);
  const merges = parseMergesText(mergesText, vocabulary, join(folder, 'merges.txt'));
  const addPrefixSpace = configs.some((config) => config.add_prefix_space === true);
  const tokenizer = byteLevelTokenizerJson({ vocabulary, merges, added: [], addPrefixSpace });
  return { path, tokenizer, model: tokenizer.model, vocabulary, merges };
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
  const tokenOf = new Map([...vocabulary].map(([token, id]): [number, string] => [id, token]));
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

/** Tokens that a config names for a role are special, whatever their own entry says. */
function withNames(added: readonly AddedToken[], names: ReadonlySet<string>): AddedToken[] {
  return added.map((token) => (names.has(token.content) ? { ...token, special: true } : token));
}

/** What GPT-2 and DialoGPT end every turn with. */
const usual = '<|endoftext|>';

function endOfTextOf(folder: string, named: string | undefined, idOf: ReadonlyMap<string, number>): string {
  if (named !== undefined && idOf.has(named)) return named;
  if (idOf.has(usual)) return usual;
  const lacking =
    named === undefined ? `${usual} nor an eos_token` : `${usual} nor its eos_token ${shown(named)}`;
  throw new UserError(
    'model',
    `${folder}: its tokenizer has neither ${lacking}; name one of its tokens as "eos_token" in tokenizer_config.json`,
  );
}
