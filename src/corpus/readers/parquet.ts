// Parquet: each row is a record. The row counts as its line. A worker thread decodes, because hyparquet is asynchronous.

import { closeSync, existsSync, fstatSync, readSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { PullError, Puller, WorkerLostError } from '../../files/pull.js';
import { openRegularFile } from '../../files/regular-file.js';
import { Spool } from '../../files/spool.js';
import { oneLine } from '../../quote.js';
import { interrupted } from '../decompress.js';
import type { BinarySource, PlacedRecord } from '../reader.js';
import type { Source } from '../source.js';
import type { ParquetFile } from './parquet-worker.js';

const signature = 'PAR1';
const worker = new Puller(new URL('./parquet-worker.js', import.meta.url));

export const parquet: BinarySource = {
  format: 'parquet',
  about: 'records of any of these formats as rows of a Parquet file',
  example: {
    // One row: {"text": "Open on Sunday?", "response": "Until six."}.
    'pairs.parquet': Buffer.from(
      [
        'UEFSMRUGFSYVKlwVAhUAFQIVABUAFQAAABNIDwAAAE9wZW4gb24gU3VuZGF5PxUGFRwVIFwVAhUAFQIVABUAFQAAAA40CgAAAFVu',
        'dGlsIHNpeC4VBBk8SARyb290FQQAFQwlABgEdGV4dCUAABUMJQAYCHJlc3BvbnNlJQAAFgIZHBksJggcFQwZFQAZGAR0ZXh0FQIW',
        'AhZQFlQmCDw2ACgPT3BlbiBvbiBTdW5kYXk/GA9PcGVuIG9uIFN1bmRheT8AGRwVBhUAFQIAAAAmXBwVDBkVABkYCHJlc3BvbnNl',
        'FQIWAhZGFkomXDw2ACgKVW50aWwgc2l4LhgKVW50aWwgc2l4LgAZHBUGFQAVAgAAABaWARYCNp4BACgJaHlwYXJxdWV0GSwcAAAc',
        'AAAA3AAAAFBBUjE=',
      ].join(''),
      'base64',
    ),
  },
  signature,
  records: rowsOf,
};

/** A member of an archive is copied to a temporary file, because rows are found from the end of the file. */
const largestCopy = 2 ** 33;

function* rowsOf(source: Source): Generator<PlacedRecord> {
  const { path } = source;
  const copy = new Spool(0);
  let descriptor: number | undefined;
  try {
    descriptor = openedParquet(path);
    if (descriptor === undefined) for (const piece of source.bytes()) append(copy, piece, path);
    const file: ParquetFile =
      descriptor === undefined
        ? { descriptor: copy.file(), size: copy.length }
        : { descriptor, size: fstatSync(descriptor).size };
    let line = 0;
    for (const rows of worker.stream(file))
      for (const value of rows as readonly unknown[]) yield { value, line: ++line };
  } catch (thrown) {
    if (thrown instanceof WorkerLostError) throw interrupted(path, thrown);
    if (!(thrown instanceof PullError)) throw thrown;
    throw new UserError(
      'corpus-unreadable',
      `${path} cannot be read as Parquet (${oneLine(thrown.message, 120)}); copy or export it again`,
      { cause: thrown },
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
    copy.release();
  }
}

function append(copy: Spool, piece: Uint8Array, path: string): void {
  copy.append(piece);
  if (copy.length > largestCopy)
    throw new UserError(
      'corpus-unreadable',
      `${path} is a compressed Parquet file of more than ${largestCopy / 2 ** 30} GB; unpack it first`,
    );
}

/** Undefined unless `path` is a file on disk that begins as Parquet, and not a compressed one or a part of an archive. */
function openedParquet(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  const descriptor = openRegularFile(path);
  const start = Buffer.alloc(signature.length);
  readSync(descriptor, start, 0, start.length, 0);
  if (start.toString('latin1') === signature) return descriptor;
  closeSync(descriptor);
  return undefined;
}
