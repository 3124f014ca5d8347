// The cache that huggingface_hub keeps and this program shares: models--OWNER--NAME/{blobs,refs,snapshots}. A blob is
// named by its content's hash, refs/BRANCH holds a commit, snapshots/COMMIT/FILE links to a blob. Also the environment
// variables that say where it is and who asks. (huggingface_hub's constants.py and "Manage your cache".)

import { copyFileSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../errors.js';
import { savingError, writeFileAtomic } from '../files/atomic.js';
import { makeFolder } from '../files/make-folder.js';
import { homeFolder } from '../files/user-folders.js';
import { shardsOf, weightFileNames } from './model-folder.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HubSettings {
  readonly cache: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly offline: boolean;
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase());
}

function path(value: string): string {
  return value.replace(/^~(?=$|[/\\])/, homeFolder(process.env));
}

function readToken(environment: Environment, home: string): string | undefined {
  const given = environment.HF_TOKEN ?? environment.HUGGING_FACE_HUB_TOKEN;
  if (given !== undefined) return given.trim() || undefined;
  const file = path(environment.HF_TOKEN_PATH ?? join(home, 'token'));
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}

/** As huggingface_hub reads them, so that what Python downloaded is found and the other way round. */
export function hubSettings(environment: Environment): HubSettings {
  const home = path(
    environment.HF_HOME ??
      join(environment.XDG_CACHE_HOME ?? join(homeFolder(environment), '.cache'), 'huggingface'),
  );
  return {
    cache: path(environment.HF_HUB_CACHE ?? environment.HUGGINGFACE_HUB_CACHE ?? join(home, 'hub')),
    endpoint: (environment.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    token: readToken(environment, home),
    offline: isTrue(environment.HF_HUB_OFFLINE || environment.TRANSFORMERS_OFFLINE),
  };
}

export interface HubModel {
  /** `owner/name`, or `name` alone for the oldest models. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** `owner/name` or `name`, perhaps `@revision`; undefined for what cannot be one. */
export function parseHubId(text: string): HubModel | undefined {
  const [, id, revision = 'main'] = /^((?:\w[\w.-]*\/)?\w[\w.-]*)(?:@(\w[\w./-]*))?$/.exec(text) ?? [];
  // What it becomes part of is a path in the cache.
  if (id === undefined || id.includes('--') || /\.\.|\/\/|\/$/.test(`${id}@${revision}`)) return undefined;
  return { id, revision };
}

const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** One model's part of the cache. */
export class CachedModel {
  private readonly folder: string;

  constructor(
    cache: string,
    readonly model: HubModel,
  ) {
    this.folder = join(cache, `models--${model.id.replaceAll('/', '--')}`);
  }

  get blobs(): string {
    return join(this.folder, 'blobs');
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  private get ref(): string {
    return join(this.folder, 'refs', this.model.revision);
  }

  /** The snapshot of the model's revision when everything that is needed from it is there. */
  completeSnapshot(): string | undefined {
    const { revision } = this.model;
    const commit =
      isCommit(revision) || !existsSync(this.ref) ? revision : readFileSync(this.ref, 'utf8').trim();
    if (!isCommit(commit)) return undefined;
    const snapshot = this.snapshot(commit);
    return isComplete(snapshot) ? snapshot : undefined;
  }

  remember(commit: string): void {
    if (this.model.revision !== commit) writeFileAtomic(this.ref, commit);
  }

  /** Makes snapshots/COMMIT/FILE stand for a blob; where the system allows no links, as a copy. */
  link(commit: string, file: string, blob: string): void {
    const pointer = join(this.snapshot(commit), file);
    if (existsSync(pointer)) return;
    try {
      makeFolder(dirname(pointer));
      try {
        symlinkSync(relative(dirname(pointer), blob), pointer);
      } catch {
        copyFileSync(blob, pointer);
      }
    } catch (thrown) {
      throw savingError(pointer, thrown);
    }
  }
}

function isComplete(snapshot: string): boolean {
  const has = (name: string): boolean => existsSync(join(snapshot, name));
  const weights = weightFileNames.find(has);
  if (weights === undefined || !has('config.json')) return false;
  if (!has('tokenizer.json') && !(has('vocab.json') && has('merges.txt'))) return false;
  return !weights.endsWith('.index.json') || [...shardsOf(join(snapshot, weights)).values()].every(has);
}

/** @throws UserError (model): the network must not be asked, and the cache has not all of the model. */
export function refuseOffline(model: HubModel, settings: HubSettings): never {
  throw new UserError(
    'hub-offline',
    `${model.id} (${model.revision}) is not complete in ${settings.cache} and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE, or name a local model folder`,
  );
}
