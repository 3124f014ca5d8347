import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { UserError } from '../errors.js';
import { openSafetensors, writeSafetensors } from './safetensors.js';

const scratch = mkdtempSync(join(tmpdir(), 'safetensors-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
const path = join(scratch, 'model.safetensors');

function isModelError(thrown: unknown, pattern: RegExp): boolean {
  assert.ok(thrown instanceof UserError, String(thrown));
  assert.equal(thrown.fault, 'model');
  assert.match(thrown.message, pattern);
  assert.ok(thrown.message.includes(path), `names the file: ${thrown.message}`);
  return true;
}

function write(header: unknown, dataBytes: number): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
}

function refuses(header: unknown, dataBytes: number, pattern: RegExp): void {
  write(header, dataBytes);
  assert.throws(
    () => openSafetensors(path),
    (thrown) => isModelError(thrown, pattern),
  );
}

const f32 = (shape: unknown, begin: unknown, end: unknown) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('safetensors', () => {
  it('returns exactly the bits that were written', () => {
    const tensor = fc
      .tuple(
        fc.array(fc.nat(4), { maxLength: 4 }),
        fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a"b\\:', '0')),
      )
      .chain(([shape, name]) => {
        const length = shape.reduce((product, extent) => product * extent, 1);
        return fc
          .float32Array({ minLength: length, maxLength: length })
          .map((values) => ({ name, shape, values }));
      });
    const tensors = fc.uniqueArray(tensor, { maxLength: 5, selector: ({ name }) => name });
    fc.assert(
      fc.property(tensors, (given) => {
        fc.pre(given.every(({ name }) => name !== '__metadata__'));
        writeSafetensors(
          path,
          given.map(({ name, shape, values }) => ({ name, shape, data: () => values })),
        );
        const file = openSafetensors(path);
        assert.equal(file.tensors.size, given.length);
        for (const { name, shape, values } of given) {
          assert.deepEqual(file.tensors.get(name)?.shape, shape);
          assert.deepEqual(Buffer.from(file.read(name).buffer), Buffer.from(values.slice().buffer));
        }
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it('writes a header with format pt that is aligned to 8 bytes', () => {
    writeSafetensors(path, [{ name: 'abc', shape: [2], data: () => new Float32Array([1, 2]) }]);
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE());
    assert.equal(length % 8, 0);
    const header: unknown = JSON.parse(bytes.toString('utf8', 8, 8 + length));
    assert.deepEqual(header, {
      __metadata__: { format: 'pt' },
      abc: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
  });

  it('writes the same file from pieces that share memory as from a whole tensor', () => {
    const pieces = function* () {
      const piece = new Float32Array(2);
      for (const numbers of [[1, 2], [3, 4], [5]]) {
        piece.set(numbers);
        yield piece.subarray(0, numbers.length);
      }
    };
    const whole = writeSafetensors(path, [
      { name: 'a', shape: [5], data: () => Float32Array.of(1, 2, 3, 4, 5) },
    ]);
    const bytes = readFileSync(path);
    assert.equal(writeSafetensors(path, [{ name: 'a', shape: [5], data: pieces }]), whole);
    assert.deepEqual(readFileSync(path), bytes);
  });

  it('refuses data whose size differs from the shape', () => {
    const tensors = [{ name: 'a', shape: [3], data: () => new Float32Array(2) }];
    assert.throws(() => writeSafetensors(path, tensors), RangeError);
    assert.throws(
      () => writeSafetensors(path, [{ name: 'a', shape: [3], data: () => [new Float32Array(2)] }]),
      RangeError,
    );
  });

  it('refuses a file truncated at any byte', () => {
    writeSafetensors(path, [
      { name: 'a', shape: [2], data: () => new Float32Array(2) },
      { name: 'b', shape: [1, 3], data: () => new Float32Array(3) },
    ]);
    for (let size = readFileSync(path).length - 1; size >= 0; size--) {
      truncateSync(path, size);
      assert.throws(
        () => openSafetensors(path),
        (thrown) => isModelError(thrown, /./),
      );
    }
  });

  it('refuses a file that is truncated after it was opened', () => {
    writeSafetensors(path, [{ name: 'a', shape: [4], data: () => new Float32Array(4) }]);
    const file = openSafetensors(path);
    truncateSync(path, readFileSync(path).length - 4);
    assert.throws(
      () => file.read('a'),
      (thrown) => isModelError(thrown, /ended at byte/),
    );
  });

  it('throws only UserErrors, whichever bytes are changed', () => {
    writeSafetensors(path, [
      { name: 'a', shape: [2, 2], data: () => new Float32Array(4) },
      { name: 'b', shape: [1], data: () => new Float32Array(1) },
    ]);
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        writeFileSync(path, changed);
        try {
          const file = openSafetensors(path);
          for (const name of file.tensors.keys()) file.read(name);
        } catch (thrown) {
          isModelError(thrown, /./);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('refuses a header that extends beyond the file, before allocating memory for it', () => {
    for (const length of [100n, 99_999_999n, 100_000_001n, 2n ** 63n]) {
      const bytes = Buffer.alloc(16);
      bytes.writeBigUInt64LE(length);
      writeFileSync(path, bytes);
      assert.throws(
        () => openSafetensors(path),
        (thrown) => isModelError(thrown, /header/),
      );
    }
  });

  it('refuses a header with invalid JSON', () => {
    refuses('', 0, /not a JSON object/);
    refuses('[]', 0, /not a JSON object/);
    refuses('{"a":', 0, /cannot be read as JSON/);
    refuses({ a: 1 }, 0, /not an object/);
    refuses({ a: { dtype: 'F32', shape: [1] } }, 4, /data_offsets/);
    refuses(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 0, /not/);
  });

  it('refuses two tensors with the same name', () => {
    const a = JSON.stringify(f32([1], 0, 4));
    refuses(`{"a":${a},"a":${a}}`, 4, /a key twice/);
    refuses(`{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4, /a key twice/);
  });

  it('refuses shapes, offsets and sizes that contradict each other', () => {
    refuses({ a: f32([1], 0, 8) }, 8, /does not fit/);
    refuses({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12, /overlaps/);
    refuses({ a: f32([2], 0, 8), b: f32([2], 0, 8) }, 8, /overlaps/);
    refuses({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, /gap/);
    refuses({ a: f32([1], 4, 8) }, 8, /gap/);
    refuses({ a: f32([1], 0, 4) }, 8, /belong to no tensor/);
    refuses({ a: f32([1], 8, 4) }, 8, /does not fit/);
    refuses({ a: f32([1], -4, 0) }, 8, /data_offsets/);
    refuses({ a: f32([-1], 0, 4) }, 4, /shape/);
    refuses({ a: f32([1.5], 0, 6) }, 6, /shape/);
    refuses({ a: f32('1', 0, 4) }, 4, /shape/);
    refuses({ a: f32([2 ** 31, 2 ** 31, 4], 0, 0) }, 0, /does not fit/);
    refuses({ a: f32([2 ** 40], 0, 2 ** 42) }, 16, /beyond the end of the file/);
    refuses({ a: f32([0, 2 ** 52, 2 ** 52], 0, 4) }, 4, /does not fit/);
  });

  it('refuses types that it cannot read, by name', () => {
    for (const dtype of [null, 7, {}, { toString: 1, valueOf: 1 }])
      refuses({ a: { dtype, shape: [4], data_offsets: [0, 4] } }, 4, /"a" of type unknown/);
    refuses(
      { a: { dtype: 'F32', shape: Array(65).fill(1), data_offsets: [0, 4] } },
      4,
      /not a list of sizes/,
    );
    refuses(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 0, /nested more than 8 levels deep/);
    refuses({ a: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] } }, 4, /"a" of type "F8_E4M3"/);
    write({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8);
    const file = openSafetensors(path);
    assert.throws(
      () => file.read('a'),
      (thrown) => isModelError(thrown, /type I64/),
    );
  });

  it('says when the file is a Git LFS pointer, and when it is missing', () => {
    writeFileSync(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
    assert.throws(
      () => openSafetensors(path),
      (thrown) => isModelError(thrown, /git lfs pull/),
    );
    rmSync(path);
    assert.throws(
      () => openSafetensors(path),
      (thrown) => isModelError(thrown, /cannot be read/),
    );
  });

  it('reads every kind of float16, bfloat16 and float64', () => {
    const header = JSON.stringify({
      half: { dtype: 'F16', shape: [8], data_offsets: [0, 16] },
      brain: { dtype: 'BF16', shape: [3], data_offsets: [16, 22] },
      double: { dtype: 'F64', shape: [2], data_offsets: [22, 38] },
    });
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(header.length));
    const halfs = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00]);
    const brains = new Uint16Array([0x3f80, 0xff80, 0x0001]);
    const doubles = new Float64Array([0.1, -1e300]);
    const parts = [halfs, brains, doubles].map((array) => Buffer.from(array.buffer));
    writeFileSync(path, Buffer.concat([head, Buffer.from(header), ...parts]));
    const file = openSafetensors(path);
    assert.deepEqual(
      [...file.read('half')],
      [1, -2, 65504, 2 ** -24, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
    );
    assert.deepEqual([...file.read('brain')], [1, Number.NEGATIVE_INFINITY, 2 ** -133]);
    assert.deepEqual([...file.read('double')], [Math.fround(0.1), Number.NEGATIVE_INFINITY]);
  });
});
