// A file that only grows, whole entries at a time: what a run writes down while it trains.
// Knows nothing of what the entries mean. Nothing is buffered, so that a killed process loses no entry; a write that
// fails half-way is taken back, so that the next one does not continue a torn entry.

import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { savingError } from './atomic.js';
import { makeFolder } from './make-folder.js';

export class AppendFile {
  readonly #descriptor: number;
  #length: number;

  /**
   * Opens `path` for appending and makes it, and the folders above it, where they are missing. What people said stands in
   * such files, so only their owner may read one that is made here; one that is there keeps its permissions.
   * @param folderMode permissions of folders that are made.
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

  /** @throws UserError (device) when the disk is full or not writable; the file is then as it was. */
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
      // The failure to write is the news; readers of these files survive a torn last entry.
    }
  }
}
