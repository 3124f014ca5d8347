// Collects a model folder's added tokens and decides which tokens are special. Added tokens can be listed in tokenizer.json,
// tokenizer_config.json and added_tokens.json, and a config can name a token for a role such as padding.

import { join } from 'node:path';
import { type Fields, isRecord } from '../objects.js';
import { quoted } from '../quote.js';
import type { AddedToken, Roles } from './tokenizer-files.js';
import { checkedAddedToken, damaged, parseObject } from './tokenizer-tables.js';

const single = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];
const several = ['additional_special_tokens', 'extra_special_tokens'];

/** The tokens that the configs name for roles; a later config wins. */
export function rolesOf(configs: readonly Fields[]): Roles {
  const roles: Record<string, string | readonly string[]> = {};
  for (const config of configs) {
    for (const role of single) {
      const token = tokenText(config[role]);
      if (token !== undefined) roles[role] = token;
    }
    for (const role of several) {
      const list = config[role];
      if (!isRecord(list) && !Array.isArray(list)) continue;
      roles[role] = Object.values(list).flatMap((token) => tokenText(token) ?? []);
    }
  }
  return roles;
}

/** `"<|endoftext|>"` or `{ "content": "<|endoftext|>", ... }`. */
function tokenText(setting: unknown): string | undefined {
  if (typeof setting === 'string') return setting;
  return isRecord(setting) && typeof setting.content === 'string' ? setting.content : undefined;
}

/**
 * The added tokens of all files, each once.
 * @param own the `added_tokens` of tokenizer.json, if that is the file at `path`.
 * @throws UserError (model) when one token has two ids, or one id belongs to two tokens.
 */
export function listedTokens(
  folder: string,
  files: ReadonlyMap<string, string>,
  vocab: ReadonlyMap<string, number>,
  { path, own }: { path: string; own: unknown },
): AddedToken[] {
  if (!Array.isArray(own)) throw damaged(path, 'has "added_tokens" that are not a list');
  const configPath = join(folder, 'tokenizer_config.json');
  const { added_tokens_decoder: decoder } = parseObject(configPath, files.get('tokenizer_config.json'));
  const oldPath = join(folder, 'added_tokens.json');
  const old = parseObject(oldPath, files.get('added_tokens.json'));
  const listed: [AddedToken, string][] = [];
  for (const token of own)
    listed.push([checkedAddedToken(path, token, isRecord(token) ? token.id : null), path]);
  for (const [id, token] of isRecord(decoder) ? Object.entries(decoder) : [])
    listed.push([checkedAddedToken(configPath, token, Number(id)), configPath]);
  for (const [content, id] of Object.entries(old))
    listed.push([checkedAddedToken(oldPath, { content }, id), oldPath]);

  const ids = new Set(listed.map(([{ id }]) => id));
  const tokenOf = new Map<number, string>();
  for (const [token, id] of vocab) if (ids.has(id)) tokenOf.set(id, token);
  const added = new Map<string, AddedToken>();
  for (const [token, file] of listed) {
    const { content, id } = token;
    const known = added.get(content)?.id ?? vocab.get(content) ?? id;
    const other = tokenOf.get(id) ?? content;
    if (known !== id)
      throw damaged(file, `gives the token ${quoted(content)} the id ${id}, but it already has ${known}`);
    if (other !== content)
      throw damaged(file, `gives the token ${quoted(content)} the id ${id}, which ${quoted(other)} has`);
    tokenOf.set(id, content);
    if (!added.has(content)) added.set(content, token);
  }
  return [...added.values()];
}

/** Marks tokens that are named for a role as special, even if their entry says otherwise or is missing. Sorted by id. */
export function withNamed(
  listed: readonly AddedToken[],
  names: ReadonlySet<string>,
  vocab: ReadonlyMap<string, number>,
): AddedToken[] {
  const added = listed.map((token) => (names.has(token.content) ? { ...token, special: true } : token));
  const present = new Set(listed.map(({ content }) => content));
  for (const content of names) {
    const id = vocab.get(content);
    if (id !== undefined && !present.has(content)) added.push({ id, content, special: true });
  }
  return added.sort((left, right) => left.id - right.id);
}

/**
 * The ids of the special tokens, without those that merging can produce from text: some folders use an ordinary token for
 * padding, such as "!", which has id 0 in GPT-2's vocabulary.
 */
export function specialIds(
  addedTokens: readonly AddedToken[],
  endOfTextToken: string,
  vocab: ReadonlyMap<string, number>,
  merges: readonly string[] | null,
): ReadonlySet<number> {
  const special = addedTokens.filter((token) => token.special);
  const inVocabulary = special.some(({ content }) => content !== endOfTextToken && vocab.has(content));
  const made = new Set(inVocabulary ? merges?.map((merge) => merge.replace(' ', '')) : []);
  const isMadeOfText = (token: string) =>
    merges !== null && vocab.has(token) && ([...token].length === 1 || made.has(token));
  return new Set(
    special.filter(({ content }) => content === endOfTextToken || !isMadeOfText(content)).map(({ id }) => id),
  );
}
