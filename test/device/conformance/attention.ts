// Attention within packed segments, its gradient, and attention with a key-value cache.

import assert from 'node:assert/strict';
import type { AttentionOptions } from '../../../src/device/device.js';
import type { Tensor } from '../../../src/device/tensor.js';
import { at, attention, dropoutMask } from '../reference.js';
import { type Bench, type Check, dot, expectClose, expectGradient, Random, rowsWithNaN } from './harness.js';

/** Segment lengths, channels, heads. */
const layouts: readonly {
  readonly lengths: readonly number[];
  readonly channels: number;
  readonly heads: number;
}[] = [
  { lengths: [1], channels: 4, heads: 1 },
  { lengths: [37], channels: 60, heads: 3 },
  { lengths: [1, 20, 3, 13], channels: 60, heads: 3 },
  { lengths: [70, 64, 1, 1, 40], channels: 128, heads: 2 },
  { lengths: [150], channels: 34, heads: 2 },
];

/** The head sizes that have tensor-core kernels, which need aligned tensors. */
const tensorCoreLayouts: typeof layouts = [
  { lengths: [70, 9, 1], channels: 64, heads: 2 },
  { lengths: [3, 66], channels: 160, heads: 2 },
  { lengths: [67], channels: 96, heads: 1 },
  { lengths: [33, 40], channels: 128, heads: 1 },
];

/** The starts and ends of consecutive segments. */
function boundaries(lengths: readonly number[]): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const length of lengths) {
    const start = starts.length;
    for (let row = 0; row < length; row++) {
      starts.push(start);
      ends.push(start + length);
    }
  }
  return { starts, ends };
}

export interface Setting {
  readonly lengths: readonly number[];
  readonly heads: number;
  readonly scale: number;
  readonly probability?: number;
}

export function optionsOf(bench: Bench, { lengths, heads, scale, probability = 0 }: Setting) {
  const { starts, ends } = boundaries(lengths);
  const rows = starts.length;
  const settings = { probability, site: 5, counter: [21, 22, 23] } as const;
  const options: AttentionOptions = {
    heads,
    scale,
    segments: { starts: bench.integers('starts', starts), ends: bench.integers('ends', ends) },
    dropout: bench.dropout(settings),
  };
  return { starts, rows, options, mask: dropoutMask(settings, rows * heads, rows) };
}

export function run(bench: Bench, qkv: Float64Array, rows: number, options: AttentionOptions) {
  const channels = qkv.length / rows / 3;
  const input = bench.typed('qkv', [rows, 3 * channels], qkv);
  const out = bench.typedOutput('out', [rows, channels]);
  const logSumExp = bench.output('logSumExp', [options.heads, rows]);
  bench.device.attention(out, logSumExp, input, options);
  const backward = (gradOut: Float64Array): Tensor => {
    const gradQkv = bench.typedOutput('gradQkv', [rows, 3 * channels]);
    const grad = bench.typed('gradOut', [rows, channels], gradOut);
    bench.device.attentionBackward(gradQkv, grad, out, logSumExp, input, options);
    return gradQkv;
  };
  return { out, logSumExp, backward };
}

export function testAttention(check: Check, aligned: boolean): void {
  for (const { lengths, channels, heads } of aligned ? [...layouts, ...tensorCoreLayouts] : layouts) {
    for (const probability of [0, 0.2]) {
      check(
        `attention and its gradient, segments of ${lengths}, ${heads} heads of ${channels / heads}, dropout ${probability}`,
        (bench) => {
          const scale = 1 / Math.sqrt(channels / heads);
          const { starts, rows, options, mask } = optionsOf(bench, { lengths, heads, scale, probability });
          const random = new Random(rows);
          const qkv = bench.rounded(random.normals(rows * 3 * channels, 1.5));
          const { out, logSumExp, backward } = run(bench, qkv, rows, options);
          const forward = () => attention(qkv, starts, { heads, scale, mask });
          const expected = forward();
          // Tensor-core kernels also round the probabilities.
          expectClose(bench.read(out), expected.out, 'out', bench.tolerance(2));
          expectClose(bench.read(logSumExp), expected.logSumExp, 'logSumExp');
          const gradOut = bench.rounded(random.normals(rows * channels));
          expectGradient(bench.read(backward(gradOut)), qkv, () => dot(forward().out, gradOut), 'gradQkv', {
            sample: rows > 100 ? 12 : 90,
            tolerance: bench.tolerance(4, 2e-5),
          });
        },
      );
    }
  }

  check('attention gives the same bits every time, forward and backward', (bench) => {
    const setting = { lengths: [70, 9, 66], heads: 2, scale: 0.125, probability: 0.1 };
    const { rows, options } = optionsOf(bench, setting);
    const random = new Random(8);
    const [qkv, gradOut] = [random.normals(rows * 384), random.normals(rows * 128)];
    const [first, second] = [0, 1].map(() => {
      const { out, backward } = run(bench, qkv, rows, options);
      return [bench.read(out), bench.read(backward(gradOut))];
    });
    assert.deepEqual(first, second);
  });

  check('attention is accurate for scores in the hundreds', (bench) => {
    const setting = { lengths: [9, 28], heads: 3, scale: 4 };
    const { starts, rows, options, mask } = optionsOf(bench, setting);
    const qkv = bench.rounded(new Random(3).normals(rows * 180, 5));
    const { out } = run(bench, qkv, rows, options);
    expectClose(
      bench.read(out),
      attention(qkv, starts, { ...setting, mask }).out,
      'out',
      bench.tolerance(2, 1e-4),
    );
  });

  check('packed segments do not influence each other, forward or backward', (bench) => {
    const setting = { lengths: [20, 17, 30], heads: 3, scale: 0.25 };
    const { rows, options } = optionsOf(bench, setting);
    const [channels, random] = [60, new Random(8)];
    const qkv = random.normals(rows * 3 * channels);
    const gradOut = random.normals(rows * channels);
    const results = [0, 1].map((changed) => {
      // The second time, the middle segment has different values. The other segments must not change by a single bit.
      const input = qkv.map((value, index) => {
        const row = Math.floor(index / (3 * channels));
        return row >= 20 && row < 37 ? Math.fround(value * (1 + changed)) : value;
      });
      const { out, backward } = run(bench, input, rows, options);
      return { out: bench.read(out), grad: bench.read(backward(gradOut)) };
    });
    const [first, second] = results;
    assert.ok(first && second);
    const outside = (values: Float32Array, columns: number) => [
      ...values.subarray(0, 20 * columns),
      ...values.subarray(37 * columns),
    ];
    assert.deepEqual(outside(first.out, channels), outside(second.out, channels));
    assert.deepEqual(outside(first.grad, 3 * channels), outside(second.grad, 3 * channels));
    assert.notDeepEqual(first.out, second.out);
  });

  check('a later position never changes an earlier one', (bench) => {
    const { rows, options } = optionsOf(bench, { lengths: [37], heads: 3, scale: 0.25 });
    const qkv = new Random(8).normals(rows * 180);
    const before = bench.read(run(bench, qkv, rows, options).out);
    const changed = qkv.map((value, index) => (index >= 30 * 180 ? -value : value));
    const after = bench.read(run(bench, changed, rows, options).out);
    assert.deepEqual(after.subarray(0, 30 * 60), before.subarray(0, 30 * 60));
  });

  check('a NaN reaches all later positions of its segment, and in backward all earlier ones', (bench) => {
    // It may also reach other segments: devices may multiply by zero weights instead of skipping them.
    const { rows, options } = optionsOf(bench, { lengths: [10, 12, 15], heads: 3, scale: 0.25 });
    const random = new Random(8);
    const gradOut = random.normals(rows * 60);
    for (const part of [0, 60, 120]) {
      const qkv = random.normals(rows * 180);
      qkv[14 * 180 + part + 25] = Number.NaN;
      const { out, backward } = run(bench, qkv, rows, options);
      const poisoned = rowsWithNaN(bench.read(out), 60);
      for (let row = 14; row < (part === 0 ? 15 : 22); row++) assert.ok(poisoned.includes(row), `row ${row}`);
      assert.ok(rowsWithNaN(bench.read(backward(gradOut)), 180).includes(14));
    }
  });

  for (const [batch, heads, channels] of [
    [1, 1, 4],
    [3, 3, 60],
    [2, 2, 128],
  ] as const) {
    check(
      `attentionCached follows attention, ${batch} sequences, ${heads} heads of ${channels / heads}`,
      (bench) => {
        const { device } = bench;
        const [capacity, scale, random] = [41, 0.3, new Random(batch)];
        const steps = [7, 1, 1, 20, 3];
        const total = steps.reduce((sum, count) => sum + count, 0);
        const sequences = Array.from({ length: batch }, () =>
          bench.rounded(random.normals(total * 3 * channels)),
        );
        const mask = new Float64Array(total * heads * total).fill(1);
        const expected = sequences.map(
          (qkv) => attention(qkv, new Int32Array(total), { heads, scale, mask }).out,
        );
        const empty = new Float64Array(batch * capacity * channels);
        const keys = bench.typed('keys', [batch, capacity, channels], empty);
        const values = bench.typed('values', [batch, capacity, channels], empty);
        const lengths = bench.integers('lengths', new Int32Array(batch));
        const owners = bench.integers('owners', ownOwners(batch, capacity), [batch, capacity]);
        let done = 0;
        for (const count of steps) {
          const rows = sequences.flatMap((qkv) => [
            ...qkv.subarray(done * 3 * channels, (done + count) * 3 * channels),
          ]);
          const out = bench.typedOutput('out', [batch * count, channels]);
          const qkv = bench.typed('qkv', [batch * count, 3 * channels], rows);
          device.attentionCached(out, qkv, { keys, values, lengths, owners }, { heads, scale });
          const wanted = expected.flatMap((all) => [
            ...all.subarray(done * channels, (done + count) * channels),
          ]);
          expectClose(bench.read(out), wanted, `positions ${done}..${done + count}`, bench.tolerance(1));
          done += count;
          device.upload(lengths, new Int32Array(batch).fill(done));
        }
      },
    );
  }

  check('attentionCached handles sequences of different lengths', (bench) => {
    const { device } = bench;
    const [heads, channels, capacity, scale, random] = [3, 60, 12, 0.3, new Random(4)];
    const filled = [0, 5, 11];
    const numbers = (size: number) => bench.rounded(random.normals(size));
    const keys = numbers(filled.length * capacity * channels);
    const values = numbers(filled.length * capacity * channels);
    const qkv = numbers(filled.length * 3 * channels);
    const out = bench.typedOutput('out', [filled.length, channels]);
    device.attentionCached(
      out,
      bench.typed('qkv', [filled.length, 3 * channels], qkv),
      {
        keys: bench.typed('keys', [filled.length, capacity, channels], keys),
        values: bench.typed('values', [filled.length, capacity, channels], values),
        lengths: bench.integers('lengths', filled),
        owners: bench.integers('owners', ownOwners(filled.length, capacity), [filled.length, capacity]),
      },
      { heads, scale },
    );
    const expected = filled.flatMap((length, sequence) => {
      const row = qkv.subarray(sequence * 3 * channels, (sequence + 1) * 3 * channels);
      const past = Array.from({ length }, (_, position) => {
        const from = (sequence * capacity + position) * channels;
        return [
          ...new Float64Array(channels),
          ...keys.subarray(from, from + channels),
          ...values.subarray(from, from + channels),
        ];
      });
      const whole = [...past.flat(), ...row];
      const mask = new Float64Array((length + 1) ** 2 * heads).fill(1);
      const all = attention(whole, new Int32Array(length + 1), { heads, scale, mask }).out;
      return Array.from({ length: channels }, (_, c) => at(all, length * channels + c));
    });
    expectClose(bench.read(out), expected, 'out', bench.tolerance(1));
  });

  for (const added of [1, 9])
    check(`attentionCached reads a shared prefix, ${added} new positions`, (bench) => {
      const { device } = bench;
      const [heads, channels, kept, capacity, filled, scale, random] = [3, 60, 4, 30, 12, 0.3, new Random(5)];
      const cacheOf = () => bench.rounded(random.normals(kept * capacity * channels));
      const [keys, values] = [cacheOf(), cacheOf()];
      // Two active sequences in a cache of four. The first one continues from prefixes of others.
      const owners = [0, 1].map((sequence) =>
        Array.from({ length: capacity }, (_, position) =>
          position >= filled ? sequence : sequence === 1 ? (position < 5 ? 0 : 1) : position % 4,
        ),
      );
      const qkv = bench.rounded(random.normals(2 * added * 3 * channels));
      const out = bench.typedOutput('out', [2 * added, channels]);
      device.attentionCached(
        out,
        bench.typed('qkv', [2 * added, 3 * channels], qkv),
        {
          keys: bench.typed('keys', [kept, capacity, channels], keys),
          values: bench.typed('values', [kept, capacity, channels], values),
          lengths: bench.integers('lengths', [filled, filled]),
          owners: bench.integers('owners', owners.flat(), [2, capacity]),
        },
        { heads, scale },
      );
      const expected = owners.flatMap((row, sequence) => {
        const past = Array.from({ length: filled }, (_, position) => {
          const from = (at(row, position) * capacity + position) * channels;
          return [
            ...new Float64Array(channels),
            ...keys.subarray(from, from + channels),
            ...values.subarray(from, from + channels),
          ];
        });
        const fresh = qkv.subarray(sequence * added * 3 * channels, (sequence + 1) * added * 3 * channels);
        const total = filled + added;
        const mask = new Float64Array(total ** 2 * heads).fill(1);
        const all = attention([...past.flat(), ...fresh], new Int32Array(total), { heads, scale, mask }).out;
        return [...all.subarray(filled * channels)];
      });
      expectClose(bench.read(out), expected, 'out', bench.tolerance(1));
    });

  for (const added of [1, 9])
    check(`attentionCached stores what is new with its owner, ${added} new positions`, (bench) => {
      const { device } = bench;
      const [heads, channels, kept, capacity, scale, random] = [3, 60, 4, 30, 0.3, new Random(6)];
      // With one new position, the last sequence repeats the first.
      const entries = added === 1 ? [3, 0, 2, 3] : [3, 0, 2];
      const lengths = entries.map((entry) => entry + 5);
      const [keys, values] = [0, 1].map(() => bench.rounded(random.normals(kept * capacity * channels)));
      const fresh = entries.slice(0, 3).map(() => bench.rounded(random.normals(added * 3 * channels)));
      const rows = entries.flatMap((_, sequence) => [...(fresh[sequence % 3] ?? [])]);
      const stored = {
        keys: bench.typed('keys', [kept, capacity, channels], keys ?? []),
        values: bench.typed('values', [kept, capacity, channels], values ?? []),
      };
      const owners = entries.flatMap((entry) => new Array<number>(capacity).fill(entry));
      const count = entries.length;
      device.attentionCached(
        bench.typedOutput('out', [count * added, channels]),
        bench.typed('qkv', [count * added, 3 * channels], rows),
        {
          ...stored,
          lengths: bench.integers('lengths', lengths),
          owners: bench.integers('owners', owners, [count, capacity]),
        },
        { heads, scale },
      );
      for (const [which, expected, tensor] of [
        [1, keys, stored.keys],
        [2, values, stored.values],
      ] as const) {
        const wanted = Float64Array.from(expected ?? []);
        for (const [sequence, row] of fresh.entries())
          for (let position = 0; position < added; position++) {
            const from = (position * 3 + which) * channels;
            const to = ((entries[sequence] ?? 0) * capacity + (lengths[sequence] ?? 0) + position) * channels;
            wanted.set(row.subarray(from, from + channels), to);
          }
        expectClose(bench.read(tensor), wanted, which === 1 ? 'keys' : 'values', 0);
      }
    });
}

/** Owners of a cache in which each sequence owns all its positions. */
function ownOwners(sequences: number, capacity: number): Int32Array {
  return Int32Array.from({ length: sequences * capacity }, (_, index) => Math.floor(index / capacity));
}
