import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Spool } from './spool.js';
import { temporaryFolder } from './user-folders.js';

/** Bytes per chunk. */
const chunk = 2 ** 10;
const filled = (length: number, seed: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + seed * 7 + (index >> 8)) & 0xff));

test('bytes are returned unchanged from memory and from the file, in any order', () => {
  const anyLengths = fc.array(fc.oneof(fc.nat(50), fc.nat(5 * chunk)), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(anyLengths, fc.constantFrom(0, 3 * chunk), fc.nat(), (lengths, limit, draw) => {
      const spool = new Spool(limit, chunk);
      const parts = lengths.map((length, index) => ({ bytes: filled(length, index), position: 0 }));
      for (const part of parts) part.position = spool.append(part.bytes);
      for (const [index] of parts.entries()) {
        const { bytes, position } = parts[(index * 7 + draw) % parts.length] ?? {
          bytes: Buffer.alloc(0),
          position: 0,
        };
        assert.ok(spool.read(position, bytes.length).equals(bytes));
      }
      assert.throws(() => spool.read(spool.length, 1), RangeError);
      spool.release();
    }),
    { seed: 31, numRuns: 100 },
  );
});

test('reading and writing can alternate', () => {
  const spool = new Spool(0, chunk);
  for (let index = 0; index < 40; index++) {
    const bytes = filled(3000, index);
    const position = spool.append(bytes);
    assert.ok(spool.read(position, bytes.length).equals(bytes));
    assert.ok(spool.read(0, 3000).equals(filled(3000, 0)));
  }
  spool.release();
});

test('the file has no name that others could open', () => {
  const spool = new Spool(0, chunk);
  spool.append(filled(9 * chunk, 1));
  const left = readdirSync(temporaryFolder(process.env)).filter((name) =>
    name.startsWith(`chatbot-train-${process.pid}-`),
  );
  if (process.platform !== 'win32') assert.deepEqual(left, []);
  spool.release();
});
