// The files of a source and their hashes, which say whether a corpus was made from what lies on the disk now.

import { createHash } from 'node:crypto';
import { closeSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { unreadable } from '../corpus/source.js';
import { openRegularFile } from '../files/regular-file.js';

export interface SourceRecord {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of the file; of a folder, of the names and hashes of all its visible files. */
  readonly sha256: string;
}

const pieceBytes = 2 ** 20;

/** @throws UserError (data) if a file is missing or cannot be read. */
export function sourceRecord(path: string): SourceRecord {
  try {
    return statSync(path).isDirectory() ? folderRecord(path) : { path, ...fileRecord(path) };
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function folderRecord(root: string): SourceRecord {
  const hash = createHash('sha256');
  let total = 0;
  const visited = new Set<string>();
  const walk = (below: string) => {
    const folder = join(root, below);
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
    for (const name of names.sort()) {
      const stats = statSync(join(folder, name), { throwIfNoEntry: false });
      if (stats?.isDirectory()) walk(`${below}${name}/`);
      if (!stats?.isFile()) continue;
      const { bytes, sha256 } = fileRecord(join(folder, name));
      total += bytes;
      hash.update(`${JSON.stringify(below + name)} ${sha256}\n`);
    }
  };
  walk('');
  return { path: root, bytes: total, sha256: hash.digest('hex') };
}

function fileRecord(path: string): Omit<SourceRecord, 'path'> {
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
