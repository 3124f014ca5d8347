// Decompresses gzip, zstd and the members of zip archives, piece by piece. A file that expands beyond any conversation is
// refused, because it is made to fill the memory or to run forever. The work is done in a worker thread.

import { UserError } from '../errors.js';
import { crc32 } from '../files/crc32.js';
import { PullError, Puller, WorkerLostError } from '../files/pull.js';
import { oneLine } from '../quote.js';

export type Compression = 'gzip' | 'zstd' | 'deflate';

/** Compressed bytes in a file: `start` is the first, `end` is after the last. */
export interface Packed {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly compression: Compression;
}

/** Text shrinks to a fifth, repetitive logs to a hundredth. */
const largestRatio = 200;
/** A small file can have a high ratio: white space, one line that repeats. */
const alwaysAllowed = 2 ** 24;

const worker = new Puller(new URL('./decompress-worker.js', import.meta.url));

/** The compression of a file that begins with these bytes. */
export function compressionOf(start: Uint8Array): 'gzip' | 'zstd' | undefined {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte);
  if (begins(0x1f, 0x8b, 8)) return 'gzip';
  return begins(0x28, 0xb5, 0x2f, 0xfd) ? 'zstd' : undefined;
}

/**
 * @param path names the file in errors.
 * @param checksum the CRC-32 of the result, if it is known.
 * @throws UserError (data) if the bytes are damaged, end too early, or expand by more than a factor of 200.
 */
export function* decompressed(packed: Packed, path: string, checksum?: number): Generator<Buffer> {
  const most = Math.max(alwaysAllowed, largestRatio * (packed.end - packed.start));
  let size = 0;
  let sum = 0;
  try {
    for (const item of worker.stream(packed)) {
      const bytes = item as Uint8Array;
      size += bytes.length;
      if (size > most)
        throw new UserError(
          'corpus-unreadable',
          `${path} expands to more than ${largestRatio} times its size, which no conversation does; unpack it yourself if you trust it`,
        );
      if (checksum !== undefined) sum = crc32(bytes, sum);
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
  } catch (thrown) {
    if (thrown instanceof WorkerLostError) throw interrupted(path, thrown);
    throw thrown instanceof PullError ? damaged(path, packed, thrown) : thrown;
  }
  if (checksum !== undefined && sum !== checksum) throw damaged(path, packed);
}

/** The error for a file whose worker thread failed. The file may well be whole. */
export function interrupted(path: string, cause: WorkerLostError): UserError {
  return new UserError(
    'corpus-unreadable',
    `${path} could not be read to its end (${oneLine(cause.message, 120)}); run the command again, with more free memory if this happens again`,
    { cause },
  );
}

function damaged(path: string, { compression }: Packed, cause?: unknown): UserError {
  return new UserError(
    'corpus-unreadable',
    `${path} is damaged or cut short: its ${compression} data cannot be unpacked; copy or export it again`,
    { cause },
  );
}
