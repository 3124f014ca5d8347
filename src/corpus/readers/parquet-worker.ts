// The worker thread of parquet.ts: decodes a Parquet file with hyparquet, a batch of rows at a time.

import { read } from 'node:fs';
import { promisify } from 'node:util';
import { servePulls } from '../../files/pull.js';

/** Threads of a process share its descriptors. */
export interface ParquetFile {
  readonly descriptor: number;
  readonly size: number;
}

/** A row group is decoded as a whole. */
const largestGroup = 2 ** 29;
const batchRows = 500;

const readFrom = promisify(read);

servePulls((request) => rowsOf(request as ParquetFile));

async function* rowsOf({ descriptor, size: fileSize }: ParquetFile): AsyncGenerator<readonly unknown[]> {
  // Loaded here, so that a missing package is an answer. A worker that fails while it starts gives no reason.
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const file = {
    byteLength: fileSize,
    slice: (start: number, end = fileSize) => bytesOf(descriptor, start, Math.min(end, fileSize)),
  };
  const metadata = await parquetMetadataAsync(file);
  let start = 0;
  for (const { num_rows: count, total_byte_size: size } of metadata.row_groups) {
    if (Number(size) > largestGroup)
      throw new Error(
        `a row group has ${size} bytes, more than the ${largestGroup} that can be decoded at once`,
      );
    const end = start + Number(count);
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart: start, rowEnd: end });
    for (let from = 0; from < rows.length; from += batchRows)
      yield rows.slice(from, from + batchRows).map(plain);
    start = end;
  }
}

async function bytesOf(descriptor: number, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, end - start));
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await readFrom(descriptor, bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw new Error('it ended while it was read');
    done += bytesRead;
  }
  return bytes.buffer;
}

/** The same value as JSON would hold it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
