// The sources that are finished, by key. While a run works they lie in a hidden folder beside the corpus, so that an interrupted
// run continues with them; the finished corpus has them in `.sources`, so that unchanged sources are not read again when it is
// prepared again. They are only a cache: without them, everything is prepared anew. So whoever takes dialogues out of a
// corpus also removes that folder.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { keptSourcesName } from '../corpus/prepared/prepared-files.js';
import { UserError } from '../errors.js';
import { removeStaleTemporaries, savingError } from '../files/atomic.js';
import { type FolderLock, lockFileName, lockFolder } from '../files/folder-lock.js';
import { makeFolder } from '../files/make-folder.js';
import { readKeptSource, type SourceEnd, SourceWriter } from './kept-source.js';

const privateFolder = 0o700;

export class KeptSources {
  /** Where each key that was found or made lies. */
  private readonly files = new Map<string, string>();
  private readonly lock: FolderLock;

  /**
   * @param out the folder of the corpus. @param keys of all sources of this run.
   * @param reuses whether the sources of an interrupted run and of the older corpus are looked for.
   * @throws UserError (usage) if another run prepares this corpus, (device) if nothing can be written beside it.
   */
  static open(out: string, keys: ReadonlySet<string>, reuses: boolean): KeptSources {
    return new KeptSources(placeOf(out), keys, reuses);
  }

  private readonly working: string;

  private constructor(
    private readonly place: string,
    keys: ReadonlySet<string>,
    private readonly reuses: boolean,
  ) {
    this.working = workingFolder(place);
    try {
      makeFolder(dirname(place));
      if (!existsSync(this.working)) mkdirSync(this.working, { mode: privateFolder });
    } catch (thrown) {
      throw savingError(place, thrown);
    }
    this.lock = lockFolder(this.working);
    removeStaleTemporaries(dirname(place));
    for (const name of readdirSync(this.working))
      if (name !== lockFileName && !(reuses && keys.has(name))) rmSync(join(this.working, name));
  }

  /** Passes the parts of a finished source to `take`. @returns undefined if there is none, or it is damaged. */
  read(key: string, take: (part: Uint8Array) => void): SourceEnd | undefined {
    const known = this.files.get(key);
    const older = [join(this.working, key), join(this.place, keptSourcesName, key)];
    for (const path of known === undefined ? (this.reuses ? older : []) : [known]) {
      const end = readOrRefuse(path, take);
      if (end === undefined) continue;
      this.files.set(key, path);
      return end;
    }
    return undefined;
  }

  /** For a source that was not found. */
  writer(key: string): SourceWriter {
    const path = join(this.working, key);
    this.files.set(key, path);
    return new SourceWriter(path);
  }

  /** For a source whose file was not written after all. */
  leaveOut(key: string): void {
    this.files.delete(key);
  }

  /** Puts them into the corpus. @param corpus the folder while it is written. */
  putInto(corpus: string): void {
    const folder = join(corpus, keptSourcesName);
    mkdirSync(folder, { mode: privateFolder });
    for (const [key, path] of this.files) linkOrCopy(path, join(folder, key));
  }

  /** @param keep whether a later run is to continue with what is finished. */
  close(keep: boolean): void {
    const isEmpty = readdirSync(this.working).every((name) => name === lockFileName);
    this.lock.release();
    if (!keep || isEmpty) rmSync(this.working, { recursive: true, force: true });
  }
}

/** Removes what an interrupted run left, because it may hold what was taken out of the corpus. */
export function removeUnfinished(out: string): void {
  const working = workingFolder(placeOf(out));
  if (!existsSync(working)) return;
  const lock = lockFolder(working);
  lock.release();
  rmSync(working, { recursive: true, force: true });
}

/** A link stays, and its target is replaced. */
function placeOf(out: string): string {
  return existsSync(out) ? realpathSync(out) : resolve(out);
}

function workingFolder(place: string): string {
  return join(dirname(place), `.${basename(place)}.preparing`);
}

/** A file with a right checksum that is none of ours was made by somebody else. */
function readOrRefuse(path: string, take: (part: Uint8Array) => void): SourceEnd | undefined {
  try {
    return readKeptSource(path, take);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(
      'prepared-corpus-damaged',
      `${path} is not what chatbot-data prepare wrote; delete it, and its source is prepared anew`,
      { cause: thrown },
    );
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // The file system has no links.
    copyFileSync(from, to);
    chmodSync(to, 0o600);
  }
}
