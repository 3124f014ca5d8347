// The files of a source and their hashes, which say whether a corpus was made from what lies on the disk now. A named file that is
// read together with others has these as a part of its record. It does not know what is made of a source.

import { createHash } from 'node:crypto';
import { closeSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { siblingsOf } from '../corpus/found-files.js';
import { unreadable } from '../corpus/source.js';
import { UserError } from '../errors.js';
import { openRegularFile } from '../files/regular-file.js';

export interface FileRecord {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the file; of a folder, of the names and hashes of all its visible files. */
  readonly sha256: string;
}

export interface SourceRecord extends FileRecord {
  /** The other files that are read with a named one. Absent if there are none. */
  readonly readWith?: readonly FileRecord[];
  /** The record says what the source was after it was read, which may not be what was read. */
  readonly changedWhileRead?: true;
}

const pieceBytes = 2 ** 20;

/** @param format as people chose it. @throws UserError (data) if a file is missing or cannot be read. */
export function sourceRecord(path: string, format: string): SourceRecord {
  try {
    if (statSync(path).isDirectory()) return folderRecord(path);
    const readWith = siblingsOf(path, format).flatMap(recordIfReadable);
    return { path, ...contentOf(path), ...(readWith.length > 0 && { readWith }) };
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : unreadable(path, thrown);
  }
}

/** Without paths that would be read again: those that are named before, or are read with one that is. */
export function withoutRepeats(
  paths: readonly string[],
  format: string,
): { readonly paths: readonly string[]; readonly notes: readonly string[] } {
  const readWith = new Map<string, string>();
  const notes: string[] = [];
  const kept = paths.filter((path) => {
    const known = readWith.get(realPath(path));
    if (known !== undefined)
      notes.push(
        known === path
          ? `${path} is named more than once and read once`
          : `${path} is read together with ${known}, as one source`,
      );
    else for (const file of [path, ...siblingsOf(path, format)]) readWith.set(realPath(file), path);
    return known === undefined;
  });
  return { paths: kept, notes };
}

/** @throws UserError (data) if nothing is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

/** A source that is recorded before it is read. */
export class RecordedSource {
  /** Taken before the hash, so that no change after it is missed. */
  private readonly stamp: string;
  readonly record: SourceRecord;

  /** @throws UserError (data) if a file is missing or cannot be read. */
  constructor(
    path: string,
    private readonly format: string,
  ) {
    this.stamp = stampOf(path, format);
    this.record = sourceRecord(path, format);
  }

  /** Call after the source was read. The files are hashed again only if the file system says that they changed. */
  afterReading(): SourceRecord {
    const { record, format } = this;
    if (stampOf(record.path, format) === this.stamp) return record;
    const now = sourceRecord(record.path, format);
    return isDeepStrictEqual(now, record) ? record : { ...now, changedWhileRead: true };
  }
}

/** Of all files of a source. */
export function bytesOf({ bytes, readWith = [] }: SourceRecord): number {
  return readWith.reduce((sum, file) => sum + file.bytes, bytes);
}

/** What the file system says about the files of a source. Whatever writes to a file changes it. */
function stampOf(path: string, format: string): string {
  const hash = createHash('sha256');
  try {
    const files = statSync(path).isDirectory()
      ? [...filesBelow(path)].map((name) => join(path, name))
      : [path, ...siblingsOf(path, format)];
    for (const file of files) hash.update(`${JSON.stringify([file, ...stateOf(file)])}\n`);
  } catch (thrown) {
    throw thrown instanceof UserError ? thrown : unreadable(path, thrown);
  }
  return hash.digest('hex');
}

/** Empty if there is no such file, as behind a broken link. */
function stateOf(path: string): readonly string[] {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].map(String);
  } catch {
    return [];
  }
}

function folderRecord(root: string): FileRecord {
  const hash = createHash('sha256');
  let total = 0;
  for (const name of filesBelow(root)) {
    const { bytes, sha256 } = contentOf(join(root, name));
    total += bytes;
    hash.update(`${JSON.stringify(name)} ${sha256}\n`);
  }
  return { path: root, bytes: total, sha256: hash.digest('hex') };
}

/** The paths of the visible files in a folder, in a fixed order. */
function* filesBelow(root: string, below = '', visited = new Set<string>()): Generator<string> {
  const folder = join(root, below);
  const real = realpathSync(folder);
  if (visited.has(real)) return;
  visited.add(real);
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  for (const name of names.sort()) {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stats?.isDirectory()) yield* filesBelow(root, `${below}${name}/`, visited);
    if (stats?.isFile()) yield below + name;
  }
}

/** For files that a reader can do without, or of which whoever needs them says that they are missing. */
export function recordIfReadable(path: string): readonly FileRecord[] {
  try {
    return [{ path, ...contentOf(path) }];
  } catch {
    return [];
  }
}

function contentOf(path: string): Omit<FileRecord, 'path'> {
  const hash = createHash('sha256');
  const descriptor = openRegularFile(path);
  try {
    const piece = Buffer.allocUnsafe(pieceBytes);
    let bytes = 0;
    for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
      hash.update(piece.subarray(0, read));
      bytes += read;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    closeSync(descriptor);
  }
}
