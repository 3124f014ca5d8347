// The worker thread of decompress.ts: unpacks a byte range of a file with node:zlib, or zstd with fzstd where Node has none.

import { createReadStream } from 'node:fs';
import { pipeline, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { servePulls } from '../files/pull.js';
import type { Packed } from './decompress.js';

servePulls((request) => unpacked(request as Packed));

async function* unpacked({ file, start, end, compression }: Packed): AsyncGenerator<Uint8Array> {
  const input = createReadStream(file, { start, end: end - 1, highWaterMark: 2 ** 18 });
  if (compression === 'zstd' && !('createZstdDecompress' in zlib)) {
    yield* unpackedByFzstd(input);
    return;
  }
  // `pipeline` passes an error of the input on to the output, which throws it in the loop.
  const output = pipeline(input, decompressor(compression), () => {}) as Transform;
  for await (const bytes of output) yield bytes as Uint8Array;
}

function decompressor(compression: Packed['compression']): Transform {
  const options = { chunkSize: 2 ** 18 };
  if (compression === 'gzip') return zlib.createGunzip(options);
  if (compression === 'deflate') return zlib.createInflateRaw(options);
  return (zlib as unknown as { createZstdDecompress(settings: object): Transform }).createZstdDecompress(
    options,
  );
}

/** Small slices, because each call unpacks all that it is given at once. */
async function* unpackedByFzstd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  const ready: Uint8Array[] = [];
  const stream = new Decompress((bytes) => ready.push(bytes));
  for await (const piece of input)
    for (let start = 0; start < piece.length; start += 2 ** 13) {
      stream.push(piece.slice(start, start + 2 ** 13));
      yield* ready.splice(0);
    }
  stream.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
