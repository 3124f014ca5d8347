// The CUDA device's attention skips what lies between segments: NaN does not reach other segments (the contract leaves
// this open), and the work grows with the segments. On the emulated card.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { copiedBytes, createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { Bench, Random, rowsWithNaN } from '../../../test/device/conformance/harness.js';
import type { FloatType } from '../tensor.js';
import type { CudaDevice } from './cuda-device.js';

const [channels, heads] = [64, 1];

let opened: CudaDevice | undefined;
after(() => opened?.dispose());

/** Positions first .. end - 1. */
type Range = readonly [first: number, end: number];

/** Forward and backward over segments of these lengths, with NaN at some positions. */
function attend(
  type: FloatType,
  lengths: readonly number[],
  poisoned: { readonly qkv?: Range; readonly gradOut?: Range } = {},
) {
  opened ??= createEmulatedDevice();
  const bench = new Bench(opened, type, 'aligned');
  const ends = lengths.map((_, at) => lengths.slice(0, at + 1).reduce((sum, length) => sum + length, 0));
  const each = (bound: (segment: number) => number) =>
    lengths.flatMap((length, segment) => new Array<number>(length).fill(bound(segment)));
  const rows = ends.at(-1) ?? 0;
  const numbers = (width: number, [first, end]: Range = [0, 0]) =>
    new Random(width).normals(rows * width).fill(Number.NaN, first * width, end * width);
  const qkv = bench.typed('qkv', [rows, 3 * channels], numbers(3 * channels, poisoned.qkv));
  const gradOut = bench.typed('gradOut', [rows, channels], numbers(channels, poisoned.gradOut));
  const [out, gradQkv] = [
    bench.typedOutput('out', [rows, channels]),
    bench.typedOutput('gradQkv', [rows, 3 * channels]),
  ];
  const logSumExp = bench.output('logSumExp', [heads, rows]);
  const segments = {
    starts: bench.integers(
      'starts',
      each((segment) => ends[segment - 1] ?? 0),
    ),
    ends: bench.integers(
      'ends',
      each((segment) => ends[segment] ?? 0),
    ),
  };
  const dropout = bench.dropout({ probability: 0.1, site: 1, counter: [1, 2, 3] });
  const options = { heads, scale: 0.125, segments, dropout };
  opened.attention(out, logSumExp, qkv, options);
  opened.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, options);
  return { out: bench.read(out), gradQkv: bench.read(gradQkv) };
}

function reached({ out, gradQkv }: ReturnType<typeof attend>): number[] {
  return [...new Set([...rowsWithNaN(out, channels), ...rowsWithNaN(gradQkv, 3 * channels)])];
}

const within = (row: number, [first, end]: Range) => row >= first && row < end;

for (const type of ['f32', 'bf16', 'f16'] as const)
  describe(`attention in ${type}`, () => {
    test('never visits the tiles of other segments', () => {
      const lengths = [64, 64, 64];
      const clean = attend(type, lengths);
      assert.deepEqual(reached(clean), []);
      for (const poisoned of [
        [0, 64],
        [64, 128],
        [128, 192],
      ] as const) {
        const rows = reached(attend(type, lengths, { qkv: poisoned, gradOut: poisoned }));
        assert.ok(rows.length > 0 && rows.every((row) => within(row, poisoned)), `${poisoned}: ${rows}`);
      }
    });
  });

for (const type of ['bf16', 'f16'] as const)
  describe(`attention on tensor cores in ${type}`, () => {
    test('skips for 16 positions the tiles that only other positions of their block need', () => {
      // The second block, positions 64 to 127, has the end of one segment and all of another.
      const lengths = [80, 48];
      const far = reached(attend(type, lengths, { qkv: [0, 64] }));
      assert.ok(far.includes(79) && far.every((row) => row < 80), `${far}`);
      for (const poisoned of [
        [0, 80],
        [80, 128],
      ] as const) {
        const rows = reached(attend(type, lengths, { gradOut: poisoned }));
        assert.ok(rows.length > 0 && rows.every((row) => within(row, poisoned)), `${poisoned}: ${rows}`);
      }
    });

    test('loads twice as much for twice as many segments', () => {
      const [four, eight] = [4, 8].map((segments) => {
        const before = copiedBytes();
        attend(type, new Array<number>(segments).fill(64));
        return copiedBytes() - before;
      });
      assert.ok(four && four > 0);
      assert.equal(eight, 2 * four);
    });
  });
