// Opens a file of unknown origin. Only regular files are opened: opening a named pipe waits for a writer, and opening a
// device can have side effects. It does not know what the file contains.
// A refusal is a FileRefused. Its message has no subject, so that the caller can name the file.

import { isUtf8 } from 'node:buffer';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, sep } from 'node:path';

/** The message begins with a verb: `${path} ${message}` is a sentence, except for the advice. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';

  /** @param reason it is not a regular file, has too many bytes, is a link that leaves its folder, or is not text. */
  constructor(
    readonly reason: 'kind' | 'size' | 'link' | 'text',
    message: string,
  ) {
    super(message);
  }

  /** The advice for a user who got the file with a model. */
  get advice(): string {
    return this.reason === 'link' ? 'put a copy of the file in its place' : 'download or copy it again';
  }
}

/** Windows has neither O_NONBLOCK nor O_NOFOLLOW. */
const { O_NONBLOCK = 0, O_NOFOLLOW = 0, O_RDONLY } = constants;

function refuseOtherKinds(stats: Stats): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory()
    ? 'a folder'
    : stats.isFIFO()
      ? 'a named pipe'
      : stats.isSocket()
        ? 'a socket'
        : 'a device';
  throw new FileRefused('kind', `is ${kind}, not a regular file`);
}

/**
 * Opens a regular file for reading; links are followed.
 * @returns a descriptor, which the caller closes.
 * @throws FileRefused for another kind of file, or the system's error.
 */
export function openRegularFile(path: string): number {
  return open(path, O_NONBLOCK);
}

function open(path: string, flags: number): number {
  refuseOtherKinds(statSync(path));
  // Another file may have replaced it: O_NONBLOCK keeps a pipe from blocking, and the second check decides.
  const descriptor = openSync(path, O_RDONLY | flags);
  try {
    refuseOtherKinds(fstatSync(descriptor));
    return descriptor;
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

/** A link target that is always allowed: a blob of a Hugging Face cache, named by its hash or a mirror's ETag. */
const hubBlob = /[\\/]models--[^\\/]+[\\/]blobs[\\/][0-9a-f]{32,128}(?:-\d+)?$/;

/**
 * Opens a file of a model folder, which may come from an untrusted source. A link in it may lead to another file of the
 * folder or into a Hugging Face cache, and nowhere else. Otherwise a model could expose its owner's private files.
 */
export function openFileOfFolder(path: string): number {
  const real = realpathSync(path);
  const folder = realpathSync(dirname(path));
  const inside = real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
  if (!inside && !hubBlob.test(real)) throw new FileRefused('link', 'is a link to a file outside its folder');
  return open(real, O_NONBLOCK | O_NOFOLLOW);
}

/**
 * Reads all bytes of an open file and closes it.
 * @throws FileRefused when it has more than `mostBytes`, or the system's error.
 */
export function readAndClose(descriptor: number, mostBytes: number): Buffer {
  try {
    const { size } = fstatSync(descriptor);
    if (size > mostBytes)
      throw new FileRefused('size', `has ${size} bytes, more than the ${mostBytes} that can be read`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** All bytes of a regular file. @throws like `openRegularFile` and `readAndClose`. */
export function readRegularFile(path: string, mostBytes: number): Buffer {
  return readAndClose(openRegularFile(path), mostBytes);
}

/**
 * The text of a regular file in UTF-8, without its byte order mark.
 * @throws FileRefused also when it is not UTF-8 or contains a zero byte; otherwise like `readRegularFile`.
 */
export function readText(path: string, mostBytes: number): string {
  const bytes = readRegularFile(path, mostBytes);
  if (!isUtf8(bytes) || bytes.includes(0)) throw new FileRefused('text', 'is not UTF-8 text');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** All bytes of a file of a model folder. @throws like `openFileOfFolder` and `readAndClose`. */
export function readFileOfFolder(path: string, mostBytes: number): Buffer {
  return readAndClose(openFileOfFolder(path), mostBytes);
}
