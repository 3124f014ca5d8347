// SHA256SUMS: the SHA-256 of a folder's files in the format of sha256sum(1), which can also check them:
// `cd FOLDER && sha256sum -c SHA256SUMS`. The parser is strict, so that a damaged list is detected as well.

import { createHash } from 'node:crypto';
import { closeSync, existsSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { openRegularFile, readRegularFile } from './regular-file.js';

export const checksumsFileName = 'SHA256SUMS';

/** A list takes about 100 bytes per file. */
const mostBytes = 2 ** 20;

/** Hexadecimal SHA-256 by file name. */
export type Checksums = ReadonlyMap<string, string>;

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Names must not contain line breaks. */
export function writeChecksums(folder: string, sums: Checksums): void {
  const lines = [...sums].map(([name, sum]) => `${sum}  ${name}\n`);
  writeFileSync(join(folder, checksumsFileName), lines.join(''));
}

/** @returns null when the folder has no list; 'damaged' when `writeChecksums` cannot have written the list. */
export function readChecksums(folder: string): Checksums | 'damaged' | null {
  const path = join(folder, checksumsFileName);
  if (!existsSync(path)) return null;
  let text: string;
  try {
    text = readRegularFile(path, mostBytes).toString('utf8');
  } catch {
    return 'damaged';
  }
  const sums = new Map<string, string>();
  for (const line of text.split('\n').slice(0, -1)) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(\w[\w.-]*)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined || sums.has(name)) return 'damaged';
    sums.set(name, sum);
  }
  return text.endsWith('\n') ? sums : 'damaged';
}

const chunk = 2 ** 22;

/** The SHA-256 of a file, read in chunks. */
function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(chunk);
  const descriptor = openRegularFile(path);
  try {
    for (;;) {
      const length = readSync(descriptor, buffer);
      if (length === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What is wrong with a file, as the end of a sentence that begins with its path; null when it is unchanged. */
export function damageOf(folder: string, name: string, sum: string): string | null {
  const path = join(folder, name);
  if (!existsSync(path)) return 'is missing';
  try {
    if (sha256OfFile(path) === sum) return null;
  } catch (thrown) {
    return `cannot be read (${messageOf(thrown)})`;
  }
  return `is damaged: its SHA-256 is not the one in ${checksumsFileName}`;
}
