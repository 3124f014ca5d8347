// Reads a config file (YAML, which includes JSON) into options with the line of each. Keys may be spelt like the flags, in
// snake_case or in camelCase. schema.ts checks the values later.
// Paths in the file are relative to the working folder, exactly as in flags.

import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument } from 'yaml';
import { messageOf, UserError } from '../errors.js';
import { FileRefused, readText } from '../files/regular-file.js';
import { option } from '../option-names.js';
import { entriesOf, kebab, type OptionSpec } from '../option-spec.js';
import { quoted } from '../quote.js';
import { nearest } from '../suggest.js';
import type { Given, GivenOptions } from './schema.js';
import { shippedConfigNames } from './shipped-configs.js';
import { type TrainOption, trainOptions } from './train-options.js';

const mostBytes = 64 * 1024;
/** A config is a flat map of values and lists. YAML's parser recurses, so the depth is limited before parsing. */
const mostDepth = 8;

/** The options of a command that a config file can hold. */
export interface ConfigOptions<Key extends string> {
  readonly table: Readonly<Record<Key, OptionSpec>>;
  /** For messages: `chatbot-train`. */
  readonly command: string;
}

const training: ConfigOptions<TrainOption> = { table: trainOptions, command: 'chatbot-train' };

interface KeyMeaning<Key extends string> {
  readonly key: Key;
  /** The key begins with `no-`, so the value is inverted. */
  readonly negated: boolean;
}

/** Every spelling of a key, in kebab-case. */
function keyMeanings<Key extends string>(
  table: Readonly<Record<Key, OptionSpec>>,
): ReadonlyMap<string, KeyMeaning<Key>> {
  const meanings = new Map<string, KeyMeaning<Key>>();
  for (const [key, spec] of entriesOf(table)) {
    if (spec.type === 'text' && spec.onlyFlag) continue;
    meanings.set(kebab(key), { key, negated: false });
    if (spec.alias !== undefined) meanings.set(spec.alias, { key, negated: false });
    if (spec.type === 'switch') meanings.set(`no-${kebab(key)}`, { key, negated: true });
  }
  return meanings;
}

/**
 * Reads a config file.
 * @throws UserError (usage) for a file that cannot be read, is not a flat map, or has an unknown key; names the line.
 */
export async function readConfigFile(path: string): Promise<GivenOptions<TrainOption>> {
  return parseConfig(configText(path), path);
}

/** Reads the config file of another command. @throws UserError like readConfigFile. */
export async function readConfigOf<Key extends string>(
  path: string,
  options: ConfigOptions<Key>,
): Promise<GivenOptions<Key>> {
  return parseConfigOf(configText(path), path, options);
}

function configText(path: string): string {
  try {
    return readText(path, mostBytes);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const remedy =
      error instanceof FileRefused && error.reason === 'text'
        ? 'save it as UTF-8'
        : `name a YAML or JSON file after ${option('config')}`;
    const what = missing
      ? `does not exist; check the path after ${option('config')}${shippedHint(path)}`
      : error instanceof FileRefused
        ? `${error.message}; ${remedy}`
        : `cannot be read: ${messageOf(error)}`;
    throw new UserError('config-unreadable', `config file ${path} ${what}`, { cause: error });
  }
}

/** For a path that may be a misspelt config name. */
function shippedHint(path: string): string {
  const names = shippedConfigNames();
  return /[/\\.]/.test(path) || names.length === 0 ? '' : `, or name a shipped one: ${names.join(', ')}`;
}

function refuseDeepNesting(text: string, path: string): void {
  let line = 1;
  let flow = 0;
  let block = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++;
    else if (token === ']' || token === '}') flow--;
    else if (flow === 0 && (token === '-' || token === '?' || token === ':')) block++;
    const breaks = token.split('\n').length - 1;
    line += breaks;
    if (breaks > 0) block = 0;
    if (flow > mostDepth || block > mostDepth)
      throw new UserError(
        'config-invalid',
        `${path}:${line} is nested too deeply; a config is a flat list of "option: value"`,
      );
  }
}

/**
 * @param path only for messages.
 * @throws UserError (usage) like readConfigFile.
 */
export function parseConfig(text: string, path: string): GivenOptions<TrainOption> {
  return parseConfigOf(text, path, training);
}

function parseConfigOf<Key extends string>(
  text: string,
  path: string,
  { table, command }: ConfigOptions<Key>,
): GivenOptions<Key> {
  refuseDeepNesting(text, path);
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new UserError(
      'config-invalid',
      `${path}:${lineAt(problem.pos[0])} is not valid YAML: ${problem.message.split('\n')[0]}`,
    );
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return new Map();
  if (!isMap(contents))
    throw new UserError(
      'config-invalid',
      `${path}:${lineAt(contents.range?.[0] ?? 0)} is not a list of "option: value"`,
    );

  const meanings = keyMeanings(table);
  const onlyFlags = new Map(
    entriesOf(table)
      .filter(([, spec]) => spec.type === 'text' && spec.onlyFlag)
      .map(([key]) => [kebab(key), key]),
  );
  const given = new Map<Key, Given>();
  for (const { key, value } of contents.items) {
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    const where = `${path}:${lineAt(offset)}`;
    const meaning = meaningOf(
      isScalar(key) ? String(key.value) : String(key),
      meanings,
      onlyFlags,
      where,
      command,
    );
    const earlier = given.get(meaning.key);
    if (earlier !== undefined)
      throw new UserError(
        'config-invalid',
        `${where} sets ${kebab(meaning.key)} again (first ${earlier.where}); keep one of the two`,
      );
    const plain = plainValue(value, where);
    // An empty value counts as not given.
    if (plain === null) continue;
    const turned = meaning.negated && typeof plain === 'boolean' ? !plain : plain;
    given.set(meaning.key, { value: asList(table[meaning.key], turned), where: `in ${where}` });
  }
  return given;
}

function meaningOf<Key extends string>(
  key: string,
  meanings: ReadonlyMap<string, KeyMeaning<Key>>,
  onlyFlags: ReadonlyMap<string, Key>,
  where: string,
  command: string,
): KeyMeaning<Key> {
  const spelt = key
    .replace(/_/g, '-')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .replace(/^-+/, '');
  const meaning = meanings.get(spelt);
  if (meaning !== undefined) return meaning;
  if (spelt === 'config')
    throw new UserError(
      'config-invalid',
      `${where} names another config; only the flag ${option('config')} can do that`,
    );
  const onlyFlag = onlyFlags.get(spelt);
  if (onlyFlag !== undefined)
    throw new UserError(
      'config-invalid',
      `${where} sets ${spelt}, which only the flag ${option(onlyFlag)} can do`,
    );
  const near = nearest(spelt, meanings.keys());
  const hint = near === undefined ? `${command} --help lists them all` : `did you mean ${near}?`;
  throw new UserError('option-unknown', `${where} sets the unknown option ${quoted(key)}; ${hint}`);
}

function plainValue(node: unknown, where: string): unknown {
  if (node === null) return null;
  if (isScalar(node)) return node.value;
  if (isAlias(node))
    throw new UserError('config-invalid', `${where} refers to another line with "*"; write the value itself`);
  if (isSeq(node)) return node.items.map((item) => plainValue(item, where));
  throw new UserError(
    'config-invalid',
    `${where} contains options inside an option; a config is a flat list of "option: value"`,
  );
}

/** `data: folder/` is a list with one entry. */
function asList(spec: OptionSpec, value: unknown): unknown {
  return spec.type === 'list' && typeof value === 'string' ? [value] : value;
}
