// The cache of huggingface_hub, which this program shares: models--OWNER--NAME/{blobs,refs,snapshots}. A blob is named by
// the hash of its content, refs/BRANCH contains a commit, and snapshots/COMMIT/FILE links to a blob.
// (huggingface_hub, "Manage your cache".)

import { copyFileSync, existsSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../errors.js';
import { savingError, writeFileAtomic } from '../files/atomic.js';
import { makeFolder } from '../files/make-folder.js';
import { readRegularFile } from '../files/regular-file.js';
import { shardsOf, weightFileNames } from './model-folder.js';

export interface HubModel {
  /** `owner/name`, or `name` alone for the oldest models. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** Parses `owner/name` or `name`, optionally followed by `@revision`; undefined for anything else. */
export function parseHubId(text: string): HubModel | undefined {
  const [, id, revision = 'main'] = /^((?:\w[\w.-]*\/)?\w[\w.-]*)(?:@(\w[\w./-]*))?$/.exec(text) ?? [];
  // The id and the revision become part of a path in the cache.
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

  /** The snapshot of the model's revision, if all needed files are in it. @param weights whether weights are needed. */
  completeSnapshot(weights: boolean): string | undefined {
    return this.snapshotIf((snapshot) => hasShape(snapshot) && (!weights || hasWeights(snapshot)));
  }

  snapshotIf(isComplete: (snapshot: string) => boolean): string | undefined {
    const { revision } = this.model;
    const commit = isCommit(revision) ? revision : this.knownCommit();
    if (commit === undefined || !isCommit(commit)) return undefined;
    const snapshot = this.snapshot(commit);
    return isComplete(snapshot) ? snapshot : undefined;
  }

  /** The commit that the revision led to when the hub was last asked. */
  private knownCommit(): string | undefined {
    if (!existsSync(this.ref)) return undefined;
    try {
      return readRegularFile(this.ref, 1024).toString('utf8').trim();
    } catch {
      // If the cache is damaged, the hub is asked again.
      return undefined;
    }
  }

  remember(commit: string): void {
    if (this.model.revision !== commit) writeFileAtomic(this.ref, commit);
  }

  /** Links snapshots/COMMIT/FILE to a blob, or copies the blob if the system does not allow links. */
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

function hasShape(snapshot: string): boolean {
  const has = (name: string): boolean => existsSync(join(snapshot, name));
  return has('config.json') && (has('tokenizer.json') || (has('vocab.json') && has('merges.txt')));
}

function hasWeights(snapshot: string): boolean {
  const has = (name: string): boolean => existsSync(join(snapshot, name));
  const weights = weightFileNames.find(has);
  if (weights === undefined) return false;
  return !weights.endsWith('.index.json') || [...shardsOf(join(snapshot, weights)).values()].every(has);
}

/** @throws UserError (model), always: the network must not be used, and the cached model is incomplete. */
export function refuseOffline({ id, revision }: HubModel, cache: string): never {
  throw new UserError(
    'hub-offline',
    `${id} (${revision}) is not completely downloaded to ${cache}, and HF_HUB_OFFLINE is set; unset it to download the model, or name a local model folder`,
  );
}
