// The members of a zip archive as sources, read in place. Nothing is unpacked to disk.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { openRegularFile } from '../files/regular-file.js';
import { readZipDirectory, type ZipEntry, type ZipFile } from '../files/zip.js';
import { compressionOf, decompressed } from './decompress.js';
import { type Source, unreadable } from './source.js';

const zipStart = Buffer.from('PK\x03\x04', 'latin1');

/** Whether a file is a zip archive. Office documents are zip archives too. */
export function isZip(path: string): boolean {
  return withFile(path, (descriptor) => {
    const start = Buffer.alloc(zipStart.length);
    readSync(descriptor, start, 0, start.length, 0);
    return start.equals(zipStart);
  });
}

export interface Members {
  /** By path in the archive, sorted by it. */
  readonly files: ReadonlyMap<string, Source>;
  /** Symbolic links, which are not followed. */
  readonly links: readonly string[];
}

/**
 * The files of an archive. Files that macOS adds are left out.
 * @throws UserError (data) if the archive is damaged, malicious, or an office document.
 */
export function membersOf(path: string): Members {
  return withFile(path, (descriptor) => {
    const { size } = fstatSync(descriptor);
    const entries = readZipDirectory(zipFile(path, descriptor, size));
    if (entries.has('[Content_Types].xml') || (entries.has('mimetype') && entries.has('content.xml')))
      throw new UserError('corpus-not-text', `${path} is an office document; export it as CSV or text`);
    const visible = [...entries]
      .filter(([name]) => !name.endsWith('/') && !isHidden(name))
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const files = visible.filter(([, { isLink }]) => !isLink);
    return {
      files: new Map(files.map(([name, entry]) => [name, memberSource(path, name, entry)])),
      links: visible.filter(([, { isLink }]) => isLink).map(([name]) => `${path}/${name}`),
    };
  });
}

function isHidden(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

function memberSource(archive: string, inside: string, entry: ZipEntry): Source {
  const path = `${archive}/${inside}`;
  return { path, name: basename(inside).toLowerCase(), bytes: () => memberBytes(archive, path, entry) };
}

function* memberBytes(archive: string, path: string, entry: ZipEntry): Generator<Buffer> {
  if (entry.encrypted)
    throw new UserError('corpus-unreadable', `${path} is encrypted; unpack the archive with its password`);
  const range = { file: archive, start: entry.position, end: entry.position + entry.packed };
  if (entry.packed === 0) return;
  if (entry.method === 8) yield* decompressed({ ...range, compression: 'deflate' }, path, entry.checksum);
  else if (entry.method === 0) yield* storedBytes(path, range);
  else
    throw new UserError(
      'corpus-unreadable',
      `${path} is compressed with method ${entry.method} of zip, which is not supported; unpack the archive`,
    );
}

function* storedBytes(
  path: string,
  { file, start, end }: { readonly file: string; readonly start: number; readonly end: number },
): Generator<Buffer> {
  const descriptor = opened(file);
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(2 ** 20, end - start));
    for (let at = start; at < end; ) {
      const length = readSync(descriptor, buffer, 0, Math.min(buffer.length, end - at), at);
      if (length === 0) throw unreadable(path, new Error('it ended while it was read'));
      const piece = buffer.subarray(0, length);
      if (at === start && compressionOf(piece) !== undefined)
        throw new UserError('corpus-not-text', `${path} is compressed within the archive; unpack both`);
      yield piece;
      at += length;
    }
  } finally {
    closeSync(descriptor);
  }
}

function opened(path: string): number {
  try {
    return openRegularFile(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function withFile<Result>(path: string, read: (descriptor: number) => Result): Result {
  const descriptor = opened(path);
  try {
    return read(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function zipFile(path: string, descriptor: number, size: number): ZipFile {
  const fail = (complaint: string) => new UserError('corpus-unreadable', `${path} ${complaint}`);
  const damaged = (complaint: string) => fail(`is damaged: ${complaint}; copy or export it again`);
  return {
    size,
    fail,
    damaged,
    bytes(position, length) {
      if (!(position >= 0 && length >= 0 && position + length <= size))
        throw damaged('its directory points beyond its end');
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const read = readSync(descriptor, bytes, done, length - done, position + done);
        if (read === 0) throw damaged('it ended while it was read');
        done += read;
      }
      return bytes;
    },
  };
}
