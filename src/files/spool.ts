// A growing sequence of bytes that need not fit in memory. It stays in memory up to a limit and moves to a temporary file
// beyond it. The file is private and has no name on POSIX systems, so it disappears with the process, even after a crash.

import { closeSync, constants, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { codeOf } from './atomic.js';
import { temporaryFolder } from './user-folders.js';

/** The largest size that stays in memory. */
const mostInMemory = 2 ** 26;
const bytesPerChunk = 2 ** 22;
/** Bytes per read of the file. Sequential reads cost a system call per window, and a random one about 20 microseconds. */
const windowBytes = 2 ** 16;

const { O_NOFOLLOW = 0 } = constants;
let files = 0;

export class Spool {
  /** In bytes. */
  length = 0;
  /** The bytes from `inFile` on, in chunks of equal size. */
  private chunks: Buffer[] = [];
  /** For the next chunk. New memory for each would take time, and lie around as garbage. */
  private spare: Buffer | undefined;
  private inFile = 0;
  private descriptor: number | undefined;
  private readonly window = { start: 0, bytes: Buffer.alloc(0) };

  /** @param limit the largest size that stays in memory, in bytes. */
  constructor(
    private readonly limit = mostInMemory,
    private readonly chunkBytes = bytesPerChunk,
  ) {}

  /** @returns the position of the first byte. @throws UserError (device) if the temporary folder is full. */
  append(bytes: Uint8Array): number {
    const position = this.length;
    for (let done = 0; done < bytes.length; ) {
      const offset = (this.length - this.inFile) % this.chunkBytes;
      if (offset === 0) this.addChunk();
      const part = bytes.subarray(done, done + this.chunkBytes - offset);
      this.chunks.at(-1)?.set(part, offset);
      done += part.length;
      this.length += part.length;
    }
    return position;
  }

  /** The bytes in [position, position + length). They are valid until the next call of any method. */
  read(position: number, length: number): Buffer {
    if (!(position >= 0 && length >= 0 && position + length <= this.length))
      throw new RangeError(`there are ${this.length} bytes, not ${position + length}`);
    if (position >= this.inFile) return this.fromMemory(position, length);
    const { window } = this;
    const isInWindow = position >= window.start && position + length <= window.start + window.bytes.length;
    if (!isInWindow) this.moveWindow(position, length);
    return window.bytes.subarray(position - window.start, position - window.start + length);
  }

  /**
   * Moves all bytes to the file, for readers that need one. Nothing can be appended afterwards.
   * @returns the descriptor of the file, until `release`. @throws UserError (device) if the temporary folder is full.
   */
  file(): number {
    const descriptor = this.moveToFile();
    // The rest of the last chunk is not part of the sequence.
    ftruncateSync(descriptor, this.length);
    this.spare = undefined;
    return descriptor;
  }

  /** Frees the memory and the file. All bytes are lost. */
  release(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
    this.chunks = [];
    this.spare = undefined;
    this.length = 0;
    this.inFile = 0;
    this.window.bytes = Buffer.alloc(0);
  }

  private addChunk(): void {
    const full = this.chunks.length * this.chunkBytes;
    if (this.descriptor !== undefined || full >= this.limit) this.moveToFile();
    this.chunks.push(this.spare ?? Buffer.allocUnsafeSlow(this.chunkBytes));
    this.spare = undefined;
  }

  private moveToFile(): number {
    try {
      this.descriptor ??= openNameless();
      for (const chunk of this.chunks) {
        for (let done = 0; done < chunk.length; )
          done += writeSync(this.descriptor, chunk, done, chunk.length - done, this.inFile + done);
        this.inFile += chunk.length;
      }
      this.spare = this.chunks[0];
      this.chunks = [];
      return this.descriptor;
    } catch (thrown) {
      throw spoolError(thrown);
    }
  }

  private fromMemory(position: number, length: number): Buffer {
    const first = Math.floor((position - this.inFile) / this.chunkBytes);
    const offset = (position - this.inFile) % this.chunkBytes;
    if (offset + length <= this.chunkBytes)
      return (this.chunks[first] ?? Buffer.alloc(0)).subarray(offset, offset + length);
    const last = Math.floor((position + length - 1 - this.inFile) / this.chunkBytes);
    return Buffer.concat(this.chunks.slice(first, last + 1)).subarray(offset, offset + length);
  }

  /** Reads the range and what follows it. The part beyond the file is in memory. */
  private moveWindow(position: number, length: number): void {
    const end = Math.min(this.length, position + Math.max(length, windowBytes));
    const bytes =
      this.window.bytes.length === end - position
        ? this.window.bytes
        : Buffer.allocUnsafeSlow(end - position);
    const fileEnd = Math.min(end, this.inFile);
    for (let at = position; at < fileEnd; ) {
      const read = readSync(this.descriptor ?? -1, bytes, at - position, fileEnd - at, at);
      if (read === 0) throw spoolError(new Error('it is shorter than it was'));
      at += read;
    }
    if (end > fileEnd) bytes.set(this.fromMemory(fileEnd, end - fileEnd), fileEnd - position);
    this.window.start = position;
    this.window.bytes = bytes;
  }
}

/** A new file that only this process can reach. */
function openNameless(): number {
  const path = join(
    temporaryFolder(process.env),
    `chatbot-train-${process.pid}-${Date.now()}-${files++}.spool`,
  );
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o600);
  const remove = () => rmSync(path, { force: true });
  // Windows does not remove an open file.
  if (process.platform === 'win32') process.once('exit', remove);
  else remove();
  return descriptor;
}

function spoolError(thrown: unknown): UserError {
  const why =
    codeOf(thrown) === 'ENOSPC' || codeOf(thrown) === 'EDQUOT' ? 'the disk is full' : messageOf(thrown);
  return new UserError(
    'cannot-save',
    `the conversations do not fit in memory and cannot be kept in ${temporaryFolder(process.env)} (${why}); set TMPDIR to a folder with more space`,
    { cause: thrown },
  );
}
