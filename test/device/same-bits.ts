// An invariant of every build of the CPU kernels: the bits of an element depend only on its inputs. They do not depend on the
// number of threads, nor on the element's position in the tensor, which decides its tile and whether it is in a whole vector
// or in a remainder. The inputs repeat here, so the outputs must repeat bit for bit.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type CpuDevice, createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import type { Tensor } from '../../src/device/tensor.js';
import { everyOperation } from './conformance/every-operation.js';
import { Bench, bitsOf, expectSameResults, Random } from './conformance/harness.js';
import { at, dropoutMask } from './reference.js';

/** For every vector width: whole groups of vectors, single vectors and a remainder. */
const width = 107;
/** Numbers repeat with a period that divides no vector width. */
const period = 3;
const activations = ['gelu_new', 'gelu'] as const;

/** Declares the tests of one build. @param flags additional compiler flags. */
export function describeSameBits(name: string, flags: readonly string[] = []): void {
  describe(`equal numbers give equal bits: ${name}`, () => {
    const devices = new Map<number, CpuDevice>();
    const device = (threads: number): CpuDevice => {
      const known = devices.get(threads) ?? createCpuDevice({ threads, flags });
      devices.set(threads, known);
      return known;
    };
    after(() => {
      for (const one of devices.values()) one.dispose();
    });
    const everyThreads = (body: (bench: Bench) => void): void => {
      for (const threads of [1, 3]) body(new Bench(device(threads)));
    };

    test('any number of threads gives the same bits in every operation', () => {
      for (const type of ['f32', 'bf16'] as const) {
        const single = everyOperation(new Bench(device(1), type));
        for (const threads of [2, 3, 5]) {
          const several = everyOperation(new Bench(device(threads), type));
          expectSameResults(several, single, `of ${threads} threads in ${type}`);
        }
      }
    });

    test('products', () => everyThreads(checkProducts));
    test('products with an epilogue', () => everyThreads(checkEpilogues));
    test('sums over rows, layer normalization and embeddings', () => everyThreads(checkColumns));
    test('attention', () => everyThreads(checkAttention));
    test('cross-entropy', () => everyThreads(checkCrossEntropy));
    test('AdamW', () => everyThreads(checkAdamW));
  });
}

/** Checks that all elements of one class have the same bits. */
function expectEqualBitsByClass(
  values: Float32Array,
  what: string,
  classOf: (index: number) => number | undefined,
): void {
  const bits = bitsOf(values);
  const first = new Map<number, number>();
  for (let index = 0; index < bits.length; index++) {
    const own = classOf(index);
    if (own === undefined) continue;
    const other = first.get(own);
    if (other === undefined) first.set(own, index);
    else if (bits[index] !== bits[other])
      assert.fail(
        `${what}: element ${index} is ${values[index]}, and ${other} is ${values[other]} of the same numbers`,
      );
  }
}

const ones = () => 1;
const filled = (size: number, number: number) => new Float64Array(size).fill(number);

/** [lines, depth] or [depth, lines]: all lines are the same. */
function sameLines(line: Float64Array, lines: number, linesContiguous: boolean): Float64Array {
  return Float64Array.from({ length: lines * line.length }, (_, index) =>
    at(line, linesContiguous ? index % line.length : Math.floor(index / lines)),
  );
}

/** The operands of a product whose m rows and n columns are all the same. */
function operands(bench: Bench, random: Random, m: number, n: number, k: number, transposed: string) {
  const [row, column] = [random.normals(k), random.normals(k)];
  const [transposeA, transposeB] = [transposed.includes('A'), transposed.includes('B')];
  const b = sameLines(column, n, transposeB);
  const shapeOfB = transposeB ? [n, k] : [k, n];
  return {
    a: bench.floats('a', transposeA ? [k, m] : [m, k], sameLines(row, m, !transposeA)),
    wide: bench.floats('b', shapeOfB, b),
    narrow: bench.narrow('narrow b', shapeOfB, b),
    transposes: { transposeA, transposeB },
  };
}

function checkProducts(bench: Bench): void {
  const { device } = bench;
  const random = new Random(17);
  for (const m of [1, 2, 3, 9, 13, 40])
    for (const k of [5, 771])
      for (const transposed of ['', 'A', 'B', 'AB']) {
        const { a, wide, narrow, transposes } = operands(bench, random, m, width, k, transposed);
        const out = bench.floats('out', [m, width], filled(m * width, 0.3));
        const what = `product [${m},${width}] over ${k}, transposed: ${transposed || 'none'}`;
        for (const b of [wide, narrow]) {
          device.matmul(out, a, b, { ...transposes, accumulate: true });
          expectEqualBitsByClass(device.download(out), `${what}, added`, ones);
          device.matmul(out, a, b, transposes);
          expectEqualBitsByClass(bench.read(out), `${what}, ${b.dtype}`, ones);
        }
      }
}

function checkEpilogues(bench: Bench): void {
  const { device } = bench;
  const random = new Random(18);
  for (const m of [1, 9, 40])
    for (const number of [-5, -1.3, -0.02, 0.7, 2.9]) {
      const { a, wide: b } = operands(bench, random, m, width, 11, '');
      const bias = bench.floats('bias', [width], filled(width, number));
      const [out, preActivation] = [bench.output('out', [m, width]), bench.output('before', [m, width])];
      device.matmul(out, a, b, { epilogue: { kind: 'bias', bias } });
      expectEqualBitsByClass(device.download(out), `bias of [${m},${width}]`, ones);
      for (const activation of activations) {
        device.matmul(out, a, b, { epilogue: { kind: 'bias-activation', activation, bias, preActivation } });
        expectEqualBitsByClass(device.download(preActivation), 'pre-activation', ones);
        expectEqualBitsByClass(device.download(out), `${activation} of [${m},${width}]`, ones);
        const biasGradient = bench.floats('bias gradient', [width], filled(width, 0.1));
        device.matmul(out, a, b, {
          epilogue: { kind: 'activation-gradient', activation, preActivation, biasGradient },
        });
        expectEqualBitsByClass(device.download(out), `gradient of ${activation} of [${m},${width}]`, ones);
        expectEqualBitsByClass(bench.read(biasGradient), 'bias gradient', ones);
      }
    }
}

/** Numbers that repeat with `period`, the same in every row. */
function repeating(random: Random, size: number): Float64Array {
  const numbers = random.normals(period);
  return Float64Array.from({ length: size }, (_, index) => at(numbers, (index % width) % period));
}

function checkColumns(bench: Bench): void {
  const { device } = bench;
  const random = new Random(19);
  const rows = 70;
  const table = (name: string, ...shape: number[]) =>
    bench.floats(
      name,
      shape,
      repeating(
        random,
        shape.reduce((product, extent) => product * extent, 1),
      ),
    );
  const out = (name: string) => bench.output(name, [rows, width]);
  const settings = { probability: 0.4, site: 2, counter: [3, 4, 5] } as const;
  const [mask, dropout] = [dropoutMask(settings, rows, width), bench.dropout(settings)];
  const byColumn = (index: number) => (index % width) % period;
  const byColumnAndMask = (index: number) => byColumn(index) + (mask[index] === 0 ? period : 0);
  const expectColumns = (what: string, tensor: Tensor, classOf = byColumn) =>
    expectEqualBitsByClass(bench.read(tensor), what, classOf);

  const x = table('x', rows, width);
  const sums = table('sums', width);
  device.sumRows(sums, x);
  expectColumns('sums over rows', sums);

  const norm = { weight: table('weight', width), bias: table('bias', width) };
  const [normed, stats] = [out('layernorm'), bench.output('stats', [rows, 2])];
  device.layernorm(normed, stats, x, norm, 1e-5);
  expectColumns('layernorm', normed);
  const [gradX, gradOut] = [table('gradient of x', rows, width), table('gradient', rows, width)];
  const gradients = { weight: table('gradient of weight', width), bias: table('gradient of bias', width) };
  const branch = { gradient: out('gradient of branch'), dropout };
  device.layernormBackward(gradX, gradients, gradOut, x, stats, norm.weight, branch);
  expectColumns('gradient of x', gradX);
  expectColumns('gradient of weight', gradients.weight);
  expectColumns('gradient of bias', gradients.bias);
  expectColumns('gradient of branch', branch.gradient, byColumnAndMask);
  const sum = out('residual sum');
  device.residualLayernorm(sum, normed, stats, x, gradOut, norm, 1e-5, dropout);
  expectColumns('residual sum', sum, byColumnAndMask);

  const tables = { token: table('tokens', 4, width), position: table('positions', 4, width) };
  const indices = bench.integers('indices', filled(rows, 1));
  device.embedding(sum, indices, indices, tables, dropout);
  expectColumns('embedding', sum, byColumnAndMask);
  const none = bench.dropout({ ...settings, probability: 0 });
  device.embeddingBackward(tables, gradOut, indices, indices, none);
  const ofRow = (index: number) => Math.floor(index / width) * period + byColumn(index);
  expectColumns('gradient of tokens', tables.token, ofRow);
  expectColumns('gradient of positions', tables.position, ofRow);
}

function checkAttention(bench: Bench): void {
  const { device } = bench;
  const [heads, size, rows] = [3, 37, 83];
  const channels = heads * size;
  const random = new Random(20);
  /** Within a row, all heads have the same repeating numbers. */
  const byRow = (index: number) =>
    Math.floor(index / channels) * period + (((index % channels) % size) % period);
  const rowsOf = (name: string, parts: number, shape: readonly number[]) => {
    const count = shape.reduce((product, extent) => product * extent, 1) / (parts * channels);
    const own = random.normals(count * parts * period);
    const values = Float64Array.from({ length: count * parts * channels }, (_, index) =>
      at(own, byRow(index)),
    );
    return bench.floats(name, shape, values);
  };
  const expectRows = (what: string, tensor: Tensor) =>
    expectEqualBitsByClass(bench.read(tensor), what, byRow);

  const qkv = rowsOf('qkv', 3, [rows, 3 * channels]);
  const border = 61;
  const starts = Int32Array.from({ length: rows }, (_, row) => (row < border ? 0 : border));
  const ends = Int32Array.from({ length: rows }, (_, row) => (row < border ? border : rows));
  const segments = { starts: bench.integers('starts', starts), ends: bench.integers('ends', ends) };
  const dropout = bench.dropout({ probability: 0, site: 1, counter: [1, 2, 3] });
  const options = { heads, scale: 0.2, segments, dropout };
  const [out, logSumExp] = [bench.output('out', [rows, channels]), bench.output('logSumExp', [heads, rows])];
  device.attention(out, logSumExp, qkv, options);
  expectRows('attention', out);
  expectEqualBitsByClass(bench.read(logSumExp), 'logarithms of the sums', (index) => index % rows);
  const gradQkv = bench.output('gradient of qkv', [rows, 3 * channels]);
  device.attentionBackward(gradQkv, rowsOf('gradient', 1, [rows, channels]), out, logSumExp, qkv, options);
  expectRows('gradient of attention', gradQkv);

  for (const positions of [1, 5, 20]) {
    const capacity = 60;
    const cache = {
      keys: rowsOf('keys', 1, [1, capacity, channels]),
      values: rowsOf('values', 1, [1, capacity, channels]),
      lengths: bench.integers('lengths', [35]),
      owners: bench.integers('owners', filled(capacity, 0), [1, capacity]),
    };
    const reply = bench.output('reply', [positions, channels]);
    const own = rowsOf('new qkv', 3, [positions, 3 * channels]);
    device.attentionCached(reply, own, cache, { heads, scale: 0.2 });
    expectRows(`attention of ${positions} new positions`, reply);
  }
}

function checkCrossEntropy(bench: Bench): void {
  const { device } = bench;
  const [rows, vocabulary] = [5, 10 * width];
  const random = new Random(21);
  const target = 7;
  // Adds nothing to any sum. Exponentials are computed in another way in a row where one would be tiny.
  const unlikely = vocabulary - 2;
  for (const labelSmoothing of [0, 0.1]) {
    const numbers = repeating(random, rows * vocabulary);
    // Label smoothing adds up the logits themselves.
    if (labelSmoothing === 0)
      for (let row = 0; row < rows; row++) numbers[row * vocabulary + unlikely] = row === 3 ? -120 : -60;
    const logits = bench.floats('logits', [rows, vocabulary], numbers);
    const losses = bench.output('losses', [rows]);
    const gradientScale = bench.floats('scale', [2], [0.37, 1]);
    const targets = bench.integers('targets', filled(rows, target));
    device.crossEntropy(losses, logits, targets, { labelSmoothing, gradientScale });
    expectEqualBitsByClass(bench.read(losses), 'losses', ones);
    expectEqualBitsByClass(bench.read(logits), 'gradient of logits', (index) =>
      [target, unlikely].includes(index % vocabulary) ? undefined : ((index % vocabulary) % width) % period,
    );
  }
}

function checkAdamW(bench: Bench): void {
  const { device } = bench;
  const random = new Random(22);
  const [size, decayed] = [300 * width, 150 * width + 1];
  const tensor = (name: string, numbers: Float64Array) => bench.floats(name, [size], numbers);
  const parameters = tensor('parameters', repeating(random, size));
  const moments = [
    tensor('first moment', repeating(random, size)),
    tensor('second moment', repeating(random, size).map(Math.abs)),
  ] as const;
  // Of its own, at the start of a page: lines are written past the caches only where lines begin.
  const working = device.allocate('working copy', [size], 'bf16');
  device.adamw(parameters, tensor('gradients', repeating(random, size)), ...moments, {
    working,
    step: bench.floats('step', [6], [0.01, 0.3, 0.19, 0.002, 2, 1]),
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    decayed,
  });
  const byColumn = (index: number) => (index % width) % period;
  expectEqualBitsByClass(bench.read(parameters), 'parameters', (index) =>
    index < decayed ? byColumn(index) : byColumn(index) + period,
  );
  for (const moment of moments) expectEqualBitsByClass(bench.read(moment), 'moments', byColumn);
  const rounded = device.allocate('rounded parameters', [size], 'bf16');
  device.upload(rounded, bench.read(parameters));
  assert.deepEqual(device.download(working), device.download(rounded));
}
