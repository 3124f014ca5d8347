// The interface of all weight file readers, and BinaryFile, which reads byte ranges of an untrusted file. No file stays open
// between reads, and no memory is allocated for bytes that the file does not have.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { messageOf, UserError } from '../errors.js';
import { FileRefused, openFileOfFolder } from '../files/regular-file.js';
import type { ElementType } from './element-types.js';

/** A file of tensors, which are read one at a time. */
export interface WeightFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, { readonly type: ElementType; readonly shape: readonly number[] }>;
  /**
   * The elements of a tensor, row-major, as float32.
   * @throws UserError (model) when it is not a floating-point tensor or the file is truncated.
   */
  read(name: string): Float32Array;
}

/** The number of elements, or Infinity if it exceeds the largest safe integer. */
export function elementCount(shape: readonly number[]): number {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Number.isSafeInteger(count) ? count : Number.POSITIVE_INFINITY;
}

/** Most bytes per system call. */
const chunk = 2 ** 30;

const lfsPointer = 'version https://git-lfs';

export class BinaryFile {
  readonly size: number;

  /** @throws UserError (model) when it is not a regular file, is empty, or is a Git LFS pointer. */
  constructor(readonly path: string) {
    this.size = this.withDescriptor((descriptor) => fstatSync(descriptor).size);
    if (this.size === 0) throw this.fail('is empty; download or copy it again');
    const start = new TextDecoder('latin1').decode(this.bytes(0, Math.min(this.size, lfsPointer.length)));
    if (start === lfsPointer)
      throw this.fail('is only a Git LFS pointer to the weights; run `git lfs pull` in its folder');
  }

  fail(complaint: string, cause?: unknown): UserError {
    return new UserError('weights-invalid', `${this.path} ${complaint}`, { cause });
  }

  /** The error for a file whose content contradicts its format. */
  damaged(complaint: string): UserError {
    return this.fail(`is damaged: ${complaint}; download or copy it again`);
  }

  private withDescriptor<Result>(read: (descriptor: number) => Result): Result {
    let descriptor: number | undefined;
    try {
      descriptor = openFileOfFolder(this.path);
      return read(descriptor);
    } catch (thrown) {
      if (thrown instanceof FileRefused) throw this.fail(`${thrown.message}; ${thrown.advice}`, thrown);
      throw thrown instanceof UserError ? thrown : this.fail(`cannot be read (${messageOf(thrown)})`, thrown);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }

  /**
   * `length` bytes from `position` on, in a new buffer.
   * @throws UserError (model) when the file is too short.
   */
  bytes(position: number, length: number): Uint8Array<ArrayBuffer> {
    if (!(position >= 0 && length >= 0 && position + length <= this.size))
      throw this.damaged(
        `it has ${this.size} bytes, but bytes ${position} to ${position + length} are needed`,
      );
    const bytes = new Uint8Array(length);
    this.withDescriptor((descriptor) => {
      for (let done = 0; done < length; ) {
        const read = readSync(descriptor, bytes, done, Math.min(chunk, length - done), position + done);
        if (read === 0) throw this.damaged(`it ended at byte ${position + done} while it was read`);
        done += read;
      }
    });
    return bytes;
  }
}
