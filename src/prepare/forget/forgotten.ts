// forgotten.json of a prepared corpus: who was forgotten, so that preparing again does not bring their dialogues back. It holds
// keyed hashes instead of names. Whoever has the file and the seed, or the secret of --redact-key, can test guesses, so the
// file is for the owner of the corpus only; the manifest, which is shared, has nothing of it but counts.

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Aliases, speakerKey } from '../../corpus/chat/speakers.js';
import type { Dialogue } from '../../corpus/dialogue.js';
import { forgottenName } from '../../corpus/prepared/prepared-files.js';
import { UserError } from '../../errors.js';
import { readText } from '../../files/regular-file.js';
import { isRecord } from '../../objects.js';
import { option } from '../../option-names.js';
import { type Part, turnsOf } from '../customer.js';
import { pseudonymKey, pseudonymOf } from '../sensitive/pseudonym.js';

/** In reports, beside the names of rules. */
export const forgetName = 'forget';

const format = 'chatbot-train forgotten speakers';
const longestFile = 2 ** 26;
/** A hostile corpus can have a name for each turn. */
const mostRemembered = 100_000;

/** Speakers who were forgotten while the corpus had one key of pseudonyms. */
export interface ForgottenGroup {
  /** Random, so that equal names have different hashes in different corpora. */
  readonly salt: string;
  /** The key is this seed. Null: it is a secret, and `check` tells whether a given one is the same. */
  readonly seed: number | null;
  readonly check: string;
  /** Hashes of the pseudonyms of names and ids. */
  readonly speakers: readonly string[];
  /** Likewise, of those who were forgotten as customers only. Absent if there are none. */
  readonly customers?: readonly string[];
}

export interface KeyOptions {
  readonly redactKey: string | null;
  readonly seed: number;
}

/** The groups in a corpus, none if nobody was forgotten. @throws UserError (data) if the file is damaged. */
export function forgottenIn(corpus: string): readonly ForgottenGroup[] {
  const path = join(corpus, forgottenName);
  if (!existsSync(path)) return [];
  const groups = parsedGroups(path);
  if (groups !== undefined) return groups;
  throw new UserError(
    'prepared-corpus-damaged',
    `${path} is no list of forgotten speakers; restore it from a copy, or delete it and forget them again`,
  );
}

function parsedGroups(path: string): readonly ForgottenGroup[] | undefined {
  try {
    const value: unknown = JSON.parse(readText(path, longestFile));
    if (!isRecord(value) || value.format !== format || !Array.isArray(value.groups)) return undefined;
    return value.groups.every(isGroup) ? value.groups : undefined;
  } catch {
    return undefined;
  }
}

function isGroup(value: unknown): value is ForgottenGroup {
  if (!isRecord(value)) return false;
  const { salt, seed, check, speakers, customers = [] } = value;
  const isSeed = seed === null || typeof seed === 'number';
  return (
    typeof salt === 'string' && isSeed && typeof check === 'string' && isTexts(speakers) && isTexts(customers)
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

export function forgottenText(groups: readonly ForgottenGroup[]): string {
  return `${JSON.stringify({ format, version: 1, groups }, null, 2)}\n`;
}

/** Pseudonyms of the names and ids of people. */
export interface Forgettable {
  readonly speakers: Iterable<string>;
  readonly customers: Iterable<string>;
}

/** @param added under the key of the options. */
export function withForgotten(
  groups: readonly ForgottenGroup[],
  { speakers, customers }: Forgettable,
  options: KeyOptions,
): readonly ForgottenGroup[] {
  const key = pseudonymKey(options);
  const seed = options.redactKey === null ? options.seed : null;
  const same = (one: ForgottenGroup) => one.seed === seed && one.check === checkOf(one.salt, key);
  const group = groups.find(same) ?? newGroup(seed, key);
  const grow = (hashes: readonly string[], pseudonyms: Iterable<string>) => {
    const added = [...pseudonyms].map((pseudonym) => hashed(group.salt, pseudonym));
    return [...new Set([...hashes, ...added])].sort();
  };
  const grownCustomers = grow(group.customers ?? [], customers);
  const grown = {
    ...group,
    speakers: grow(group.speakers, speakers),
    ...(grownCustomers.length > 0 && { customers: grownCustomers }),
  };
  return [...groups.filter((one) => one !== group), grown];
}

/** @param name as people write it. @param key of the corpus now; people can have been forgotten under another seed. */
export function isListed(groups: readonly ForgottenGroup[], name: string, part: Part, key: string): boolean {
  return groups.some((group) => {
    const keyThen = group.seed === null ? key : String(group.seed);
    return hashesOf(group, part).includes(hashed(group.salt, pseudonymOf(keyThen, name)));
  });
}

/** Whoever is forgotten as a speaker is forgotten as a customer too. */
function hashesOf({ speakers, customers = [] }: ForgottenGroup, part: Part): readonly string[] {
  return part === 'customer' ? [...speakers, ...customers] : speakers;
}

function newGroup(seed: number | null, key: string): ForgottenGroup {
  const salt = randomBytes(16).toString('hex');
  return { salt, seed, check: checkOf(salt, key), speakers: [] };
}

function hashed(salt: string, text: string): string {
  return createHmac('sha256', salt).update(text).digest('hex');
}

function checkOf(salt: string, key: string): string {
  return hashed(salt, `key\n${key}`);
}

/** A group whose key is known. */
interface OpenGroup {
  readonly key: string;
  readonly group: ForgottenGroup;
}

/** Knows those who were forgotten when it meets them. */
export class Forgotten {
  /**
   * @param corpus the folder that is prepared, or undefined for nobody.
   * @param alias as in `--alias`: who is forgotten under one name is forgotten under all.
   * @throws UserError (usage) if the list needs another secret than that of the options.
   */
  static of(
    corpus: string,
    { redactKey, seed, alias }: KeyOptions & { readonly alias: readonly string[] },
  ): Forgotten | undefined {
    const groups = forgottenIn(corpus);
    if (groups.length === 0) return undefined;
    const open = groups.map((group) => {
      const key = group.seed === null ? pseudonymKey({ redactKey, seed }) : String(group.seed);
      if (group.check === checkOf(group.salt, key)) return { key, group };
      throw new UserError(
        'options-conflict',
        `who was forgotten in ${corpus} can only be known with the secret that the corpus had then; name its file with ${option('redactKey')}, or another folder with ${option('out')}`,
      );
    });
    const hasCustomers = groups.some(({ customers = [] }) => customers.length > 0);
    const parts: readonly Part[] = hasCustomers ? ['speaker', 'customer'] : ['speaker'];
    return new Forgotten(parts.map((part) => ({ part, names: new ForgottenNames(open, part, alias) })));
  }

  private constructor(
    private readonly lists: readonly { readonly part: Part; readonly names: ForgottenNames }[],
  ) {}

  takesPartIn(dialogue: Dialogue): boolean {
    return this.lists.some(({ part, names }) =>
      turnsOf(dialogue, part).some(({ speaker, speakerId }) => names.has(speaker) || names.has(speakerId)),
    );
  }
}

/** The names and ids of those who were forgotten in one part. */
class ForgottenNames {
  /** By key of the name. */
  private readonly known = new Map<string, boolean>();
  private readonly otherNames = new Set<string>();

  constructor(
    private readonly groups: readonly OpenGroup[],
    private readonly part: Part,
    alias: readonly string[],
  ) {
    const aliases = new Aliases(alias);
    for (const pair of alias) {
      const from = pair.slice(0, pair.indexOf('='));
      if (this.has(from)) this.otherNames.add(speakerKey(aliases.resolved(from)));
    }
  }

  has(name: string | undefined): boolean {
    if (name === undefined) return false;
    const written = speakerKey(name);
    const known = this.known.get(written);
    if (known !== undefined) return known || this.otherNames.has(written);
    const isIn = this.groups.some(({ key, group }) =>
      hashesOf(group, this.part).includes(hashed(group.salt, pseudonymOf(key, name))),
    );
    if (this.known.size >= mostRemembered) this.known.clear();
    this.known.set(written, isIn);
    return isIn || this.otherNames.has(written);
  }
}
