// The file of a finished source: what cleaning made of it, so that it need not be read again. It holds what the corpus and
// rejected.jsonl hold, after redaction, and never more.
//
//   magic, then parts (cleaned-part.ts) and a last piece with the notes, each as its length in 4 bytes and that many bytes of
//   gzip, then 4 zero bytes and the SHA-256 of everything before it

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LearningState } from '../corpus/chat/learn.js';
import { codeOf, savingError, temporaryBeside } from '../files/atomic.js';
import { openRegularFile } from '../files/regular-file.js';

const magic = Buffer.from('chatbot-train source 1\n');
const hashBytes = 32;
/** A part is a batch of dialogues; a single dialogue can be larger than a batch. */
const largestPiece = 2 ** 30;
const readBytes = 2 ** 20;

/** What a source says besides its dialogues. */
export interface SourceEnd {
  /** How many of its files have which format. */
  readonly formats: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly learning: LearningState;
}

/** Writes the file of a source, which appears when it is complete. */
export class SourceWriter {
  private readonly temporary: string;
  private readonly descriptor: number;
  private readonly hash = createHash('sha256');

  /** @throws UserError (device) if it cannot be written. */
  constructor(private readonly path: string) {
    this.temporary = temporaryBeside(path, 'saving');
    try {
      this.descriptor = openSync(this.temporary, 'wx', 0o600);
    } catch (thrown) {
      throw savingError(path, thrown);
    }
    this.write(magic);
  }

  /** @throws UserError (device) if the disk is full; nothing is left then. */
  add(part: Uint8Array): void {
    const packed = gzipSync(part, { level: 1 });
    this.write(lengthOf(packed.length));
    this.write(packed);
  }

  commit(end: SourceEnd): void {
    this.add(Buffer.from(JSON.stringify(end)));
    this.write(lengthOf(0));
    this.write(this.hash.copy().digest());
    try {
      fsyncSync(this.descriptor);
      closeSync(this.descriptor);
      renameSync(this.temporary, this.path);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  /** Removes what was written. */
  discard(): void {
    closeIfOpen(this.descriptor);
    rmSync(this.temporary, { force: true });
  }

  private write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
      this.hash.update(bytes);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  private failed(thrown: unknown): never {
    this.discard();
    throw savingError(this.path, thrown);
  }
}

/**
 * Reads the file of a source.
 * @param take gets each part in order, once the whole file was found undamaged.
 * @returns undefined if there is no such file, or it is damaged.
 */
export function readKeptSource(path: string, take: (part: Uint8Array) => void): SourceEnd | undefined {
  let descriptor: number;
  try {
    descriptor = openRegularFile(path);
  } catch {
    return undefined;
  }
  try {
    if (!isWhole(descriptor)) return undefined;
    let last: Uint8Array | undefined;
    for (const piece of piecesOf(descriptor)) {
      if (last) take(last);
      last = piece;
    }
    return JSON.parse(Buffer.from(last ?? []).toString('utf8')) as SourceEnd;
  } finally {
    closeSync(descriptor);
  }
}

function isWhole(descriptor: number): boolean {
  const hash = createHash('sha256');
  const bytes = Buffer.allocUnsafe(readBytes + hashBytes);
  // The last bytes may be the hash, so they are hashed only once more follow.
  let held = 0;
  for (let position = 0; ; ) {
    const read = readSync(descriptor, bytes, held, readBytes, position);
    if (read === 0) break;
    position += read;
    const ready = Math.max(0, held + read - hashBytes);
    hash.update(bytes.subarray(0, ready));
    bytes.copyWithin(0, ready, held + read);
    held = held + read - ready;
  }
  return held === hashBytes && hash.digest().equals(bytes.subarray(0, hashBytes));
}

function* piecesOf(descriptor: number): Generator<Uint8Array> {
  let position = magic.length;
  if (!readAt(descriptor, 0, magic.length).equals(magic)) throw new Error('it has another format');
  for (;;) {
    const length = readAt(descriptor, position, 4).readUInt32LE();
    if (length === 0) return;
    const packed = readAt(descriptor, position + 4, length);
    position += 4 + length;
    yield gunzipSync(packed, { maxOutputLength: largestPiece });
  }
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const read = readSync(descriptor, bytes, done, length - done, position + done);
    if (read === 0) throw new Error('it ended while it was read');
    done += read;
  }
  return bytes;
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EBADF') throw thrown;
  }
}
