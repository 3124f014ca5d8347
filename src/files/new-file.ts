// A file that is written piece by piece and appears only when it is complete. Until then it has a hidden name beside its
// place. It is readable only by its owner, because it holds what people said. It never replaces a file unasked.

import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { codeOf, savingError, temporaryBeside } from './atomic.js';
import { makeFolder } from './make-folder.js';

/** Pieces are collected up to this many characters before they are written. */
const batchLength = 2 ** 18;

export class NewFile {
  readonly #temporary: string;
  readonly #descriptor: number;
  #waiting = '';
  #open = true;

  /**
   * @param replace whether an existing file may be replaced.
   * @throws UserError (usage) if the file exists and must not be replaced, (device) if it cannot be written.
   */
  constructor(
    readonly path: string,
    private readonly replace: boolean,
  ) {
    refuseExisting(path, replace);
    this.#temporary = temporaryBeside(path, 'saving');
    try {
      makeFolder(dirname(path));
      this.#descriptor = openSync(this.#temporary, 'wx', 0o600);
    } catch (thrown) {
      throw savingError(path, thrown);
    }
  }

  /** @throws UserError (device) when the disk is full; the caller then discards the file. */
  write(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= batchLength) this.#flush();
  }

  /** Puts the complete file into place. @throws UserError like the constructor; nothing is left behind. */
  commit(): void {
    try {
      this.#flush();
      fsyncSync(this.#descriptor);
      this.#close();
      if (this.replace) renameSync(this.#temporary, this.path);
      else this.#putIfFree();
    } catch (thrown) {
      this.discard();
      throw savingError(this.path, thrown);
    }
  }

  /** Removes what was written. Has no effect after `commit`. */
  discard(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  /** A link fails if the file exists, so a file that another program has just written survives. */
  #putIfFree(): void {
    try {
      linkSync(this.#temporary, this.path);
      rmSync(this.#temporary);
    } catch (thrown) {
      if (codeOf(thrown) === 'EEXIST' || existsSync(this.path)) throw exists(this.path);
      // The file system has no links.
      renameSync(this.#temporary, this.path);
    }
  }

  #flush(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    try {
      for (let written = 0; written < bytes.length; )
        written += writeSync(this.#descriptor, bytes, written, bytes.length - written);
    } catch (thrown) {
      throw savingError(this.path, thrown);
    }
  }

  #close(): void {
    if (this.#open) closeSync(this.#descriptor);
    this.#open = false;
  }
}

/** @throws UserError (usage) if the file exists and must not be replaced, before any work for it is done. */
export function refuseExisting(path: string, replace: boolean): void {
  if (!replace && existsSync(path)) throw exists(path);
}

function exists(path: string): UserError {
  return new UserError(
    'output-exists',
    `${path} exists; name another file, or add ${option('force')} to replace it`,
  );
}
