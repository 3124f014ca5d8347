// Reading a whole file that a person or a stranger named. The path may lead to anything: a folder, a pipe that nobody
// writes to, a device without end, a file of terabytes. Only a regular file of bounded size is read.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type ErrorCode, messageOf, UserError } from '../errors.js';

export interface ReadOptions {
  /** The code of the UserError that a refusal throws. */
  readonly code: ErrorCode;
  /** The largest file that is read, in bytes. */
  readonly mostBytes: number;
  /** What a message calls the file; its path by default. */
  readonly name?: string;
}

/**
 * Opens a regular file for reading; the caller closes the descriptor. A pipe or a device is not waited for.
 * @throws UserError with `code` when there is no such file or it cannot be opened.
 */
export function openRegularFile(path: string, { code, name = path }: Omit<ReadOptions, 'mostBytes'>): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    throw new UserError(code, `${name} ${whyUnreadable(thrown)}`, { cause: thrown });
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new UserError(code, `${name} is not a regular file; check the path`);
}

/** @throws UserError with `code` when the file cannot be read or has more than `mostBytes`. */
export function readBytes(path: string, options: ReadOptions): Buffer<ArrayBuffer> {
  const { code, mostBytes, name = path } = options;
  const descriptor = openRegularFile(path, options);
  try {
    const { size } = fstatSync(descriptor);
    if (size > mostBytes)
      throw new UserError(code, `${name} has ${size} bytes, more than the ${mostBytes} that are read`);
    const bytes = Buffer.alloc(size);
    let filled = 0;
    while (filled < size) {
      const count = readSync(descriptor, bytes, filled, size - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError(code, `${name} ${whyUnreadable(thrown)}`, { cause: thrown });
  } finally {
    closeSync(descriptor);
  }
}

/**
 * UTF-8 text without its byte order mark.
 * @throws UserError with `code` as readBytes, and when it is not UTF-8 or has a zero byte.
 */
export function readText(path: string, options: ReadOptions): string {
  const bytes = readBytes(path, options);
  const { code, name = path } = options;
  try {
    if (bytes.includes(0)) throw new TypeError('it has a zero byte');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new UserError(code, `${name} is not UTF-8 text; save it as UTF-8`, { cause: thrown });
  }
}

/** The rest of a sentence that begins with the path. */
export function whyUnreadable(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist; check the path';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user; check its permissions';
  if (code === 'ELOOP') return 'is a link that leads back to itself; check the path';
  return `cannot be read (${messageOf(thrown)})`;
}
