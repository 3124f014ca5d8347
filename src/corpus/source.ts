// Where the bytes of a corpus file come from: a file on disk, compressed or not. archive.ts adds the members of archives.
// A source can be read more than once. It does not know what the bytes mean.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { FileRefused, openRegularFile } from '../files/regular-file.js';
import { compressionOf, decompressed } from './decompress.js';

export interface Source {
  /** For messages. For a member of an archive: `export.zip/chats/_chat.txt`. */
  readonly path: string;
  /** The file name in lower case, without the extension of a compression. */
  readonly name: string;
  /** The bytes in pieces, decompressed. Each piece can be overwritten by the next one. */
  bytes(): Generator<Buffer>;
}

/** Told while a file that is not compressed is read: how far the reading has come, in bytes. Files can be read twice. */
export type SeeBytes = (path: string, position: number) => void;

/** Number of bytes per read. */
const pieceBytes = 2 ** 20;

/** A file on disk. gzip and zstd are recognized by their first bytes. @throws UserError (data) when it is read. */
export function diskSource(path: string, seen?: SeeBytes): Source {
  return {
    path,
    name: basename(path)
      .toLowerCase()
      .replace(/\.(?:gz|zst)$/, ''),
    bytes: () => bytesOfFile(path, seen),
  };
}

function* bytesOfFile(path: string, seen?: SeeBytes): Generator<Buffer> {
  let descriptor: number | undefined;
  try {
    descriptor = openRegularFile(path);
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    let length = readSync(descriptor, buffer);
    const compression = compressionOf(buffer.subarray(0, length));
    if (compression) {
      yield* decompressed({ file: path, start: 0, end: fstatSync(descriptor).size, compression }, path);
      return;
    }
    for (let position = 0; length > 0; length = readSync(descriptor, buffer)) {
      position += length;
      seen?.(path, position);
      yield buffer.subarray(0, length);
    }
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : unreadable(path, thrown);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The error for a path that cannot be opened or read. */
export function unreadable(path: string, thrown: unknown): UserError {
  if (thrown instanceof FileRefused)
    return new UserError('corpus-unreadable', `${path} ${thrown.message}; name a file or a folder of files`, {
      cause: thrown,
    });
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const why =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'does not exist; check the path'
      : code === 'EACCES' || code === 'EPERM'
        ? 'is not readable by this user; change its permissions'
        : `cannot be read (${messageOf(thrown)})`;
  return new UserError('corpus-unreadable', `${path} ${why}`, { cause: thrown });
}

/** The first bytes of a source, at most `most`. */
export function beginningOf(source: Source, most: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const piece of source.bytes()) {
    const part = Buffer.from(piece.subarray(0, most - length));
    parts.push(part);
    length += part.length;
    if (length >= most) break;
  }
  return Buffer.concat(parts);
}
