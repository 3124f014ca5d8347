import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../../errors.js';
import { inputLines } from './input-lines.js';

/** The texts of all lines. */
async function linesOf(...chunks: readonly (Uint8Array | string)[]): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text, number } of inputLines(Readable.from(chunks, { objectMode: true }))) {
    texts.push(text);
    assert.equal(number, texts.length);
  }
  return texts;
}

const refused = (fault: string, message: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof UserError);
  assert.equal(thrown.fault, fault);
  assert.match(thrown.message, message);
  return true;
};

test('lines are the same however the bytes are cut', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\n\r\0\ufeff]/g, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 })), async (lines, sizes) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let start = 0;
      for (const size of sizes) {
        chunks.push(bytes.subarray(start, start + size));
        start += size;
      }
      chunks.push(bytes.subarray(start));
      assert.deepEqual(await linesOf(...chunks), lines);
    }),
    { seed: 5, numRuns: 60 },
  );
});

test('the last line may lack its end, and ends may be those of Windows', async () => {
  assert.deepEqual(await linesOf('one\r\n\r\ntwo'), ['one', '', 'two']);
  assert.deepEqual(await linesOf(''), []);
  assert.deepEqual(await linesOf('\ufeffone\n'), ['one']);
});

test('what is no text is refused with its line, after the lines before it', async () => {
  const read: string[] = [];
  const reading = async () => {
    for await (const { text } of inputLines(Readable.from([Buffer.from('a\nb\ncaf\xe9\nd\n', 'latin1')])))
      read.push(text);
  };
  await assert.rejects(reading, refused('data', /^line 3 of the input is not UTF-8; .*iconv/));
  assert.deepEqual(read, ['a', 'b']);
  await assert.rejects(linesOf('a\n', 'b\0c\n'), refused('data', /^line 2 of the input contains a NUL/));
});

test('a line without end is given up before it fills the memory', async () => {
  let given = 0;
  const endless = (function* () {
    for (;;) {
      given += 65536;
      yield Buffer.alloc(65536, 'x');
    }
  })();
  const reading = async () => {
    for await (const _ of inputLines(Readable.from(endless))) assert.fail('a line');
  };
  await assert.rejects(reading, refused('usage', /^line 1 of the input is longer than a megabyte/));
  assert.ok(given < 4e6);
  assert.equal((await linesOf(`${'x'.repeat(2 ** 20)}\n`))[0]?.length, 2 ** 20);
});

test('an input that cannot be read is said to be one', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('EISDIR: illegal operation on a directory, read'));
    },
  });
  const reading = async () => {
    for await (const _ of inputLines(broken)) assert.fail('a line');
  };
  await assert.rejects(reading, refused('data', /^the input cannot be read: EISDIR.*; give lines of text$/));
});
