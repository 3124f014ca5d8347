// Reads parts of a large file by their positions, without keeping the file in memory. Parts that follow one another are read
// together, because a system call per part would take most of the time.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegularFile } from './regular-file.js';

/** Bytes per read while parts follow one another. */
const windowBytes = 2 ** 18;

export class PositionalFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  private descriptor: number | undefined;
  private window = Buffer.alloc(0);
  private start = 0;

  /** @throws FileRefused if it is not a regular file, or the system's error. */
  constructor(readonly path: string) {
    this.descriptor = openRegularFile(path);
    this.size = fstatSync(this.descriptor).size;
  }

  /**
   * The bytes in [position, position + length), valid until the next call. Their place in memory is a multiple of 4 if all
   * positions are.
   * @throws RangeError if the file does not have them, or the system's error.
   */
  read(position: number, length: number): Buffer {
    if (!(position >= 0 && length >= 0 && position + length <= this.size))
      throw new RangeError(`${this.path} has ${this.size} bytes, not ${position + length}`);
    const { start, window } = this;
    const end = start + window.length;
    if (position < start || position + length > end) {
      const follows = position >= start && position <= end;
      this.fill(position, Math.min(this.size - position, follows ? Math.max(length, windowBytes) : length));
    }
    return this.window.subarray(position - this.start, position - this.start + length);
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
    this.window = Buffer.alloc(0);
  }

  private fill(position: number, length: number): void {
    const { buffer } = this.window;
    const fits = buffer.byteLength >= length && buffer.byteLength <= 2 * Math.max(length, windowBytes);
    const bytes = fits ? Buffer.from(buffer, 0, length) : Buffer.allocUnsafeSlow(length);
    // Nothing of the old window is valid if reading fails.
    this.window = bytes.subarray(0, 0);
    for (let done = 0; done < length; ) {
      const read = readSync(this.descriptor ?? -1, bytes, done, length - done, position + done);
      if (read === 0) throw new RangeError(`${this.path} is shorter than it was`);
      done += read;
    }
    this.window = bytes;
    this.start = position;
  }
}
