// An append-only file that grows by whole entries, for example the log of a run. It does not know what the entries mean.
// Nothing is buffered, so a killed process loses no entry. A write that fails half-way is undone, so that the next entry
// does not continue a partial one.

import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { savingError } from './atomic.js';
import { makeFolder } from './make-folder.js';

export class AppendFile {
  readonly #descriptor: number;
  #length: number;

  /**
   * Opens `path` for appending and creates it and its parent folders if they are missing. Such files may contain what people
   * said, so a new file is readable only by its owner. An existing file keeps its permissions.
   * @param folderMode permissions of new folders.
   * @throws UserError (device) when that is not possible.
   */
  constructor(
    readonly path: string,
    folderMode = 0o777,
  ) {
    try {
      makeFolder(dirname(path), folderMode);
      this.#descriptor = openSync(path, 'a', 0o600);
      this.#length = fstatSync(this.#descriptor).size;
    } catch (thrown) {
      throw savingError(path, thrown);
    }
  }

  /** @throws UserError (device) when the disk is full or not writable; the file is then unchanged. */
  append(entry: Uint8Array): void {
    try {
      for (let written = 0; written < entry.length; )
        written += writeSync(this.#descriptor, entry, written, entry.length - written);
      this.#length += entry.length;
    } catch (thrown) {
      this.#takeBack();
      throw savingError(this.path, thrown);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#descriptor, this.#length);
    } catch {
      // Report the write error, not this one. Readers of these files skip a partial last entry.
    }
  }
}
