// Parquet: each row is a record. The row counts as its line. A worker thread decodes, because hyparquet is asynchronous.

import { existsSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { PullError, Puller } from '../../files/pull.js';
import { oneLine } from '../../quote.js';
import type { BinarySource, PlacedRecord } from '../reader.js';
import type { Source } from '../source.js';

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
  signature: 'PAR1',
  records: rowsOf,
};

function* rowsOf({ path }: Source): Generator<PlacedRecord> {
  if (!existsSync(path))
    throw new UserError('corpus-unreadable', `${path} is a Parquet file in an archive; unpack it first`);
  let line = 0;
  try {
    for (const rows of worker.stream(path))
      for (const value of rows as readonly unknown[]) yield { value, line: ++line };
  } catch (thrown) {
    if (!(thrown instanceof PullError)) throw thrown;
    throw new UserError(
      'corpus-unreadable',
      `${path} cannot be read as Parquet (${oneLine(thrown.message, 120)}); copy or export it again`,
      { cause: thrown },
    );
  }
}
