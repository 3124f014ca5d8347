// Weights that stay packed between products: a product with them has the bits of one without, whatever writes to the weight or
// to its packed form in between. On the portable unit, because only a unit for bf16 multiplies packed matrices.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Bench, bitsOf, Random } from '../../../test/device/conformance/harness.js';
import { deviceOnTiles, kernels } from '../../../test/device/portable-tiles.js';
import { Tensor } from '../tensor.js';
import type { CpuDevice } from './cpu-device.js';

const random = new Random(17);
const [rows, channels, heads] = [64, 96, 3];
/** Where the weight lies in its buffer. */
const offset = 512;

/** A weight [rows,channels] within a buffer, its packed forms, and products with it. */
class Packed {
  readonly bench: Bench;
  readonly buffer: Tensor;
  readonly weight: Tensor;
  readonly forms: readonly [forward: Tensor, backward: Tensor];
  readonly #inputs: readonly [Tensor, Tensor];
  readonly #outputs: readonly [Tensor, Tensor];

  constructor(readonly device: CpuDevice) {
    this.bench = new Bench(device, 'bf16');
    this.buffer = this.typed(rows * channels * 4);
    this.weight = this.buffer.view(offset, [rows, channels]);
    const size = device.packedSize(this.weight.shape, 'bf16');
    const memory = device.allocate('packed weights', [2 * size], 'bf16');
    this.forms = [memory.view(0, [size]), memory.view(size, [size])];
    this.#inputs = [this.typed(40, rows), this.typed(40, channels)];
    this.#outputs = [this.typed(40, channels), this.typed(40, rows)];
  }

  typed(...shape: number[]): Tensor {
    return this.bench.typed('numbers', shape, random.normals(shape.reduce((size, extent) => size * extent)));
  }

  floats(...shape: number[]): Tensor {
    return this.bench.floats('floats', shape, random.normals(shape.reduce((size, extent) => size * extent)));
  }

  /** The bits of the products with the weight and with its transpose. */
  products(forms: readonly [Tensor?, Tensor?]): number[] {
    return [false, true].flatMap((transposeB, index) => {
      const [out, a] = [this.#outputs[index], this.#inputs[index]];
      assert.ok(out && a);
      this.device.matmul(out, a, this.weight, { transposeB, packedB: forms[index] });
      return [...bitsOf(this.device.download(out))];
    });
  }

  /** Which of the two forms are up to date. */
  held(): boolean[] {
    const { packedMatrices } = kernels;
    return this.forms.map((form, index) => packedMatrices.holds(form, this.weight, index === 1));
  }
}

type Write = (packed: Packed) => void;

const dropout = (packed: Packed) => packed.bench.dropout({ probability: 0, site: 0, counter: [1, 2, 3] });
const index = (packed: Packed) =>
  packed.bench.integers(
    'index',
    Array.from({ length: rows }, (_, row) => rows - 1 - row),
  );
const norm = (packed: Packed) => ({ weight: packed.floats(channels), bias: packed.floats(channels) });
const segments = (packed: Packed) => ({
  starts: packed.bench.integers('starts', Array(rows).fill(0)),
  ends: packed.bench.integers('ends', Array(rows).fill(rows)),
});
const attention = (packed: Packed) => ({
  heads,
  scale: 0.1,
  segments: segments(packed),
  dropout: dropout(packed),
});
/** The cache of attentionCached, with a part of it elsewhere. */
const cached = (packed: Packed, part: 'out' | 'keys' | 'values') => {
  const zeros = (shape: readonly number[]) => packed.bench.integers('zeros', Array(shape[0]).fill(0), shape);
  const place = (name: string, shape: number[]) =>
    name === part ? packed.buffer.view(offset, shape) : packed.typed(...shape);
  const cache = {
    keys: place('keys', [1, rows, channels]),
    values: place('values', [1, rows, channels]),
    lengths: zeros([1]),
    owners: packed.bench.integers('owners', Array(rows).fill(0), [1, rows]),
  };
  const out = place('out', [rows, channels]);
  packed.device.attentionCached(out, packed.typed(rows, 3 * channels), cache, { heads, scale: 0.1 });
};

/** Everything that can write to bf16 memory. */
const writes: Readonly<Record<string, Write>> = {
  upload: ({ device, weight }) => device.upload(weight, Float32Array.from(random.normals(weight.size))),
  'upload of one number': ({ device, weight }) =>
    device.upload(weight.view(weight.size - 1, [1]), Float32Array.of(100)),
  'upload of the whole buffer': ({ device, buffer }) =>
    device.upload(buffer, Float32Array.from(random.normals(buffer.size))),
  fill: ({ device, weight }) => device.fill(weight.rows(1, 5), 3),
  'fill of float32 numbers in the same memory': ({ device, weight }) =>
    device.fill(new Tensor(weight.storage, weight.offset / 2, [8], 'f32'), 3),
  copy: (packed) => packed.device.copy(packed.weight, packed.typed(rows, channels)),
  'matmul, output': (packed) =>
    packed.device.matmul(packed.weight, packed.typed(rows, 8), packed.typed(8, channels)),
  'matmul, pre-activations': (packed) =>
    packed.device.matmul(packed.typed(rows, channels), packed.typed(rows, 8), packed.typed(8, channels), {
      epilogue: {
        kind: 'bias-activation',
        bias: packed.typed(channels),
        activation: 'gelu',
        preActivation: packed.weight,
      },
    }),
  'matmul, float32 output': (packed) => {
    const out = new Tensor(packed.buffer.storage, offset / 2, [8, 8], 'f32');
    packed.device.matmul(out, packed.typed(8, 8), packed.typed(8, 8));
  },
  sumRows: (packed) => {
    const out = new Tensor(packed.buffer.storage, offset / 2, [channels], 'f32');
    packed.device.sumRows(out, packed.typed(rows, channels));
  },
  embedding: (packed) => {
    const tables = { token: packed.typed(rows, channels), position: packed.typed(rows, channels) };
    const at = index(packed);
    packed.device.embedding(packed.weight, at, at, tables, dropout(packed));
  },
  layernorm: (packed) => {
    const [x, stats] = [packed.typed(rows, channels), packed.floats(rows, 2)];
    packed.device.layernorm(packed.weight, stats, x, norm(packed), 1e-5);
  },
  ...Object.fromEntries(
    [0, 1].map((which) => [
      `residualLayernorm, ${['sum', 'output'][which]}`,
      (packed: Packed) => {
        const [sum, out] = [packed.typed(rows, channels), packed.weight];
        const outputs = which === 0 ? ([out, sum] as const) : ([sum, out] as const);
        const [stats, residual, branch] = [packed.floats(rows, 2), sum, packed.typed(rows, channels)];
        const inputs = [stats, residual, branch, norm(packed), 1e-5, dropout(packed)] as const;
        packed.device.residualLayernorm(...outputs, ...inputs);
      },
    ]),
  ),
  'layernormBackward, branch': (packed) => {
    const [gradX, stats] = [packed.floats(rows, channels), packed.floats(rows, 2)];
    const [gradOut, x] = [packed.typed(rows, channels), packed.typed(rows, channels)];
    const branch = { gradient: packed.weight, dropout: dropout(packed) };
    const { weight } = norm(packed);
    packed.device.layernormBackward(gradX, norm(packed), gradOut, x, stats, weight, branch);
  },
  attention: (packed) => {
    const [logSumExp, qkv] = [packed.floats(heads, rows), packed.typed(rows, 3 * channels)];
    packed.device.attention(packed.weight, logSumExp, qkv, attention(packed));
  },
  attentionBackward: (packed) => {
    const [gradOut, out] = [packed.typed(rows, channels), packed.typed(rows, channels)];
    const [logSumExp, qkv] = [packed.floats(heads, rows), packed.typed(rows, 3 * channels)];
    const gradQkv = packed.buffer.view(0, [rows, 3 * channels]);
    packed.device.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, attention(packed));
  },
  'attentionCached, output': (packed) => cached(packed, 'out'),
  'attentionCached, keys': (packed) => cached(packed, 'keys'),
  'attentionCached, values': (packed) => cached(packed, 'values'),
  gatherRows: (packed) =>
    packed.device.gatherRows(packed.weight, packed.typed(rows, channels), index(packed)),
  scatterRows: (packed) =>
    packed.device.scatterRows(packed.weight, packed.typed(rows, channels), index(packed)),
  crossEntropy: (packed) => {
    const gradientScale = packed.bench.floats('scale', [2], [1, 1]);
    const options = { labelSmoothing: 0, gradientScale };
    packed.device.crossEntropy(packed.floats(rows), packed.weight, index(packed), options);
  },
  adamw: (packed) => {
    const { size } = packed.buffer;
    const [parameters, gradients, first] = [packed.floats(size), packed.floats(size), packed.floats(size)];
    const second = packed.bench.floats('second moment', [size], Array(size).fill(1));
    const step = packed.bench.floats('step', [6], [0.1, 1, 1, 1, 1, 1]);
    const rates = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 };
    packed.device.adamw(parameters, gradients, first, second, { step, working: packed.buffer, ...rates });
  },
};

describe('a weight that was written to is packed anew', () => {
  const device = deviceOnTiles();
  after(() => device.dispose());
  for (const [name, write] of Object.entries(writes))
    test(name, () => {
      const packed = new Packed(device);
      const first = packed.products(packed.forms);
      assert.deepEqual(packed.held(), [true, true]);
      assert.deepEqual(packed.products(packed.forms), first);
      write(packed);
      assert.deepEqual(packed.held(), [false, false]);
      const expected = packed.products([]);
      assert.notDeepEqual(expected, first);
      assert.deepEqual(packed.products(packed.forms), expected);
      assert.deepEqual(packed.held(), [true, true]);
    });
});

describe('packed weights', () => {
  const device = deviceOnTiles();
  after(() => device.dispose());

  test('stay when something beside them is written', () => {
    const packed = new Packed(device);
    packed.products(packed.forms);
    const { buffer, weight } = packed;
    device.fill(buffer.view(0, [offset]), 1);
    device.fill(buffer.view(offset + weight.size, [7]), 1);
    assert.deepEqual(packed.held(), [true, true]);
  });

  test('are packed anew when only the memory of one form was written to', () => {
    const packed = new Packed(device);
    const expected = packed.products(packed.forms);
    device.fill(packed.forms[1].view(3, [1]), 1);
    assert.deepEqual(packed.held(), [true, false]);
    assert.deepEqual(packed.products(packed.forms), expected);
  });

  test('are packed anew for another weight, shape or order in the same memory', () => {
    const packed = new Packed(device);
    const { buffer, forms } = packed;
    packed.products(forms);
    const others = [
      { weight: buffer.view(offset + channels, [rows, channels]), transposeB: false },
      { weight: buffer.view(offset, [channels, rows]), transposeB: false },
      { weight: buffer.view(offset, [rows, channels]), transposeB: true },
    ];
    for (const { weight, transposeB } of others) {
      const [k, n] = transposeB ? weight.shape.toReversed() : weight.shape;
      const [a, out] = [packed.typed(40, k ?? 0), packed.typed(40, n ?? 0)];
      device.matmul(out, a, weight, { transposeB, packedB: forms[0] });
      const given = bitsOf(device.download(out));
      device.matmul(out, a, weight, { transposeB });
      assert.deepEqual(given, bitsOf(device.download(out)));
    }
  });

  test('are neither used nor lost in products of few rows', () => {
    const packed = new Packed(device);
    const [one, out] = [packed.typed(1, rows), packed.typed(1, channels)];
    device.matmul(out, one, packed.weight, { packedB: packed.forms[0] });
    assert.deepEqual(packed.held(), [false, false]);
    const expected = bitsOf(device.download(out));
    packed.products(packed.forms);
    device.matmul(out, one, packed.weight, { packedB: packed.forms[0] });
    assert.deepEqual(packed.held(), [true, true]);
    assert.deepEqual(bitsOf(device.download(out)), expected);
  });

  test('are forgotten when their device frees its memory, which another device may get', () => {
    const other = deviceOnTiles();
    const packed = new Packed(other);
    packed.products(packed.forms);
    other.dispose();
    assert.deepEqual(packed.held(), [false, false]);
  });

  test('are refused in memory of another size, and need none where operands are widened', () => {
    const packed = new Packed(device);
    const [a, out] = [packed.typed(40, rows), packed.typed(40, channels)];
    assert.throws(
      () => device.matmul(out, a, packed.weight, { packedB: packed.buffer }),
      /matmul: packedB is .* expected bf16\[6144\]/,
    );
    assert.equal(device.packedSize([33, 1], 'bf16'), 64 * 32);
    assert.equal(device.packedSize([33, 1], 'f32'), 0);
    const widened = deviceOnTiles(null);
    assert.equal(widened.packedSize([33, 1], 'bf16'), 0);
    widened.dispose();
  });
});
