// The emulated card runs kernels as a card does, and detects what a card would reject or get wrong.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { type Argument, Card, type Shape } from './card.js';

const source = readFileSync(
  fileURLToPath(new URL('../../../test/cuda-emulator/kernels.cu', import.meta.url)),
  'utf8',
);
const card = new Card();
let module = 0;
const kernel = (name: string) => card.kernel(module, name);
const numbers = (length: number, at: (i: number) => number) => Float32Array.from({ length }, (_, i) => at(i));

before(() => {
  card.begin();
  module = card.load(source);
});
beforeEach(() => card.begin());

/** Runs a kernel that must succeed. */
function run(name: string, shape: Shape, ...values: Argument[]): void {
  const { status, words } = card.run(kernel(name), shape, ...values);
  assert.equal(status, 0, words);
}

/** Runs a kernel that must end its context with an error. */
function punished(status: number, words: RegExp, name: string, shape: Shape, ...values: Argument[]): void {
  const ended = card.run(kernel(name), shape, ...values);
  assert.equal(ended.status, status, ended.words);
  assert.match(ended.words, words);
  // As on a card, every later call fails.
  assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 64), status);
}

function withEnvironment(variables: Record<string, string>, test: () => void): void {
  Object.assign(process.env, variables);
  try {
    test();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

/** The time that events measure around work in a stream, in microseconds. */
function microseconds(stream: number, work: () => void): number {
  const [start, end] = [card.out('cuEventCreate', 0), card.out('cuEventCreate', 0)];
  card.call('cuEventRecord', start, stream);
  work();
  card.call('cuEventRecord', end, stream);
  card.call('cuEventSynchronize', end);
  const milliseconds = new Float32Array(1);
  card.call('cuEventElapsedTime_v2', milliseconds, start, end);
  return Math.round((milliseconds[0] ?? Number.NaN) * 1e6) / 1e3;
}

describe('a kernel on the emulated card', () => {
  it('adds a multiple of a vector', () => {
    const y = card.upload(numbers(100, (i) => i));
    const x = card.upload(numbers(100, () => 2));
    run('axpy', { grid: 4 }, y, x, { float: 0.5 }, { int: 100 });
    assert.deepEqual(
      card.download(y, 100),
      numbers(100, (i) => i + 1),
    );
  });

  it('sums a block through shuffles, dynamic shared memory and a barrier', () => {
    const x = card.upload(numbers(512, (i) => i));
    const sums = card.allocate(8);
    run('block_sums', { grid: 2, block: 256, shared: 32 }, sums, x);
    assert.deepEqual([...card.download(sums, 2)], [32640, 98176]);
  });

  it('transposes through static shared memory', () => {
    const x = card.upload(numbers(1024, (i) => i));
    const out = card.allocate(4096);
    run('transpose', {}, out, x);
    assert.deepEqual(
      card.download(out, 1024),
      numbers(1024, (i) => (i % 32) * 32 + Math.floor(i / 32)),
    );
  });

  it('votes, shuffles up and down, counts at barriers and adds atomically', () => {
    const out = card.upload(new Float32Array(34));
    run('votes', {}, out);
    const expected = numbers(34, (lane) => {
      const down = lane % 8 === 7 ? lane : lane + 1;
      return Math.max(lane - 1, 0) * 10000 + down * 100 + 16;
    });
    expected.set([32, 120], 32);
    assert.deepEqual(card.download(out, 34), expected);
  });

  it('fills unwritten memory and shared memory with NaN', () => {
    const out = card.allocate(128);
    assert.ok(card.download(out, 32).every(Number.isNaN));
    card.call('cuMemsetD32Async', out, 0, 32, 0);
    run('unset_shared', {}, out);
    assert.ok(card.download(out, 32).every(Number.isNaN));
  });

  it('rounds to half precision and back with PTX', () => {
    const x = [0, -0, 1, 1 / 3, 65504, 65519.9, 65520, 2 ** -24, 2 ** -25, 3 * 2 ** -26, 2049, 2051, -1e9];
    const out = card.allocate(128);
    run('through_half', { block: x.length }, out, card.upload(Float32Array.from(x)));
    const third = 0.333251953125;
    const expected = [0, -0, 1, third, 65504, 65504, Infinity, 2 ** -24, 0, 2 ** -24, 2048, 2052, -Infinity];
    assert.deepEqual([...card.download(out, x.length)], expected);
  });
});

describe('tensor cores of the emulated card', () => {
  // Small integers, which every 16-bit type represents exactly.
  const a = numbers(256, (i) => ((i * 7) % 11) - 5);
  const b = numbers(128, (i) => ((i * 5) % 9) - 4); // [16,8]
  const product = numbers(128, (i) => {
    let sum = 0;
    for (let k = 0; k < 16; k++) sum += (a[Math.floor(i / 8) * 16 + k] ?? 0) * (b[k * 8 + (i % 8)] ?? 0);
    return sum;
  });

  it('multiply bf16 fragments', () => {
    const bits = (values: Float32Array) =>
      Uint16Array.from(new Uint32Array(values.buffer), (word) => word >> 16);
    const byColumns = numbers(128, (i) => b[(i % 16) * 8 + Math.floor(i / 16)] ?? 0);
    const out = card.allocate(512);
    run('product_bf16', {}, out, card.upload(bits(a)), card.upload(bits(byColumns)));
    assert.deepEqual(card.download(out, 128), product);
  });

  it('multiply f16 fragments loaded by cp.async and ldmatrix', () => {
    const bits = (values: Float32Array) => Uint16Array.from(values, halfBits);
    const out = card.allocate(512);
    run('product_f16', {}, out, card.upload(bits(a)), card.upload(bits(b)), { int: 1 });
    assert.deepEqual(card.download(out, 128), product);
  });

  it('detect a missing wait for cp.async', () => {
    const some = () => card.upload(new Uint16Array(256));
    const out = card.allocate(512);
    punished(719, /cp\.async copies that it did not wait for/, 'product_f16', {}, out, some(), some(), {
      int: 0,
    });
  });
});

/** The bits of an integer that half precision represents exactly. */
function halfBits(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude === 0) return 0;
  const exponent = Math.floor(Math.log2(magnitude));
  return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

describe('the emulated card ends a context', () => {
  const floats = (length: number) => card.upload(new Float32Array(length));

  it('for a read past the end of an allocation, naming thread and line', () => {
    const line = source.split('\n').findIndex((text) => text.includes('y[i] += a * x[i]')) + 1;
    punished(
      700,
      new RegExp(
        `axpy, block \\(1,0,0\\), thread \\(18,0,0\\): reads 4 bytes at .*, 0 bytes past the end of an allocation of 200 bytes(, line ${line})?$`,
      ),
      'axpy',
      { grid: 4 },
      floats(100),
      floats(50),
      { float: 1 },
      { int: 100 },
    );
  });

  it('for a write to memory that was freed', () => {
    const out = floats(128);
    card.call('cuMemFree_v2', out);
    punished(700, /writes 4 bytes .*an allocation of 512 bytes that was freed/, 'unset_shared', {}, out);
  });

  it('for a write to freed memory by a replayed graph', () => {
    const stream = card.out('cuStreamCreate', 1);
    const y = floats(64);
    const x = floats(64);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    assert.equal(card.launch(kernel('axpy'), { grid: 2, stream }, y, x, { float: 1 }, { int: 64 }), 0);
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    card.call('cuGraphLaunch', graph, stream);
    card.call('cuStreamSynchronize', stream);
    card.call('cuMemFree_v2', y);
    card.call('cuGraphLaunch', graph, stream);
    assert.equal(card.status('cuStreamSynchronize', stream), 700);
    assert.match(card.words(700), /that was freed.*in a graph/);
  });

  it('for a null pointer', () => {
    punished(700, /a null pointer/, 'unset_shared', {}, 0);
  });

  it('for a misaligned vector', () => {
    run('vector_copy', {}, floats(128), floats(256), { int: 4 });
    punished(716, /not a multiple of 16/, 'vector_copy', {}, floats(128), floats(256), { int: 2 });
  });

  it('for a race on shared memory', () => {
    punished(
      719,
      /race: \w+ shared memory that thread number \d+ (wrote|read) since/,
      'unsynchronized',
      { block: 64 },
      floats(64),
    );
  });

  it('for a race between the lanes of a warp', () => {
    run('unsynchronized_warp', {}, floats(32), { int: 1 });
    punished(719, /race/, 'unsynchronized_warp', {}, floats(32), { int: 0 });
  });

  it('for a barrier that not all threads reach', () => {
    punished(
      719,
      /divergence: ended while 40 of 64 threads wait/,
      'partial_barrier',
      { block: 64 },
      floats(64),
    );
  });

  it('for threads that wait at two barriers', () => {
    punished(
      719,
      /divergence: waits in __syncthreads at line \d+ while/,
      'two_barriers',
      { block: 64 },
      floats(64),
    );
  });

  it('for a shuffle that not all lanes of its mask reach', () => {
    punished(719, /divergence: waits in __shfl_xor_sync.* have ended/, 'partial_shuffle', {}, floats(32));
  });

  it('for an index outside dynamic and static shared memory', () => {
    run('past_dynamic', { block: 1, shared: 64 }, floats(1), { int: 15 });
    punished(700, /byte 64 of 64 bytes of dynamic/, 'past_dynamic', { block: 1, shared: 64 }, floats(1), {
      int: 16,
    });
    card.begin();
    punished(700, /index 4 is outside/, 'past_static', { block: 1 }, floats(1), { int: 4 });
  });

  it('when it is told to lose the card', () => {
    withEnvironment({ CUDA_EMULATOR_LOSE_AFTER: '0' }, () =>
      punished(999, /lost/, 'unset_shared', {}, floats(32)),
    );
  });
});

function captured(stream: number): number {
  const graph = new BigUint64Array(1);
  card.call('cuStreamEndCapture', stream, graph);
  return Number(graph[0]);
}

describe('streams of the emulated card', () => {
  /** Pinned host memory, and a view of its numbers. */
  function pinned(length: number): { address: number; values: Float32Array } {
    const address = card.out('cuMemHostAlloc', 4 * length, 0);
    return { address, values: new Float32Array(koffi.view(address, 4 * length)) };
  }

  it('delay work until something waits for it', () => {
    const stream = card.out('cuStreamCreate', 1);
    const x = card.upload(numbers(4, (i) => i + 1));
    const { address, values } = pinned(4);
    card.call('cuMemcpyDtoHAsync_v2', address, x, 16, stream);
    assert.ok(values.every(Number.isNaN));
    card.call('cuStreamSynchronize', stream);
    assert.deepEqual([...values], [1, 2, 3, 4]);
  });

  it('run what another stream waits for first', () => {
    const [one, two] = [card.out('cuStreamCreate', 1), card.out('cuStreamCreate', 1)];
    const event = card.out('cuEventCreate', 0);
    const x = card.upload(new Float32Array(1));
    const { address, values } = pinned(1);
    values[0] = 5;
    card.call('cuMemcpyHtoDAsync_v2', x, address, 4, one);
    card.call('cuEventRecord', event, one);
    assert.equal(card.status('cuEventQuery', event), 600);
    card.call('cuStreamWaitEvent', two, event, 0);
    const back = pinned(1);
    card.call('cuMemcpyDtoHAsync_v2', back.address, x, 4, two);
    card.call('cuStreamSynchronize', two);
    assert.equal(back.values[0], 5);
    assert.equal(card.status('cuEventQuery', event), 0);
  });

  it('replay a captured graph with what memory contains at that time', () => {
    const stream = card.out('cuStreamCreate', 1);
    const y = card.upload(new Float32Array(32));
    const host = pinned(32);
    const x = card.allocate(128);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.call('cuMemcpyHtoDAsync_v2', x, host.address, 128, stream);
    card.launch(kernel('axpy'), { stream }, y, x, { float: 1 }, { int: 32 });
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    for (const value of [3, 4]) {
      host.values.fill(value);
      card.call('cuGraphLaunch', graph, stream);
      card.call('cuStreamSynchronize', stream);
    }
    assert.deepEqual(
      card.download(y, 32),
      numbers(32, () => 7),
    );
  });

  it('refuse to allocate or wait while they capture', () => {
    const stream = card.out('cuStreamCreate', 1);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 64), 900);
    assert.equal(card.status('cuStreamEndCapture', stream, new BigUint64Array(1)), 901);
  });
});

describe('the clock of the emulated card', () => {
  const elapsed = (start: number, end: number) =>
    card.status('cuEventElapsedTime_v2', new Float32Array(1), start, end);

  it('advances by a microsecond for each kernel, copy and memset, and for a graph by the sum of its nodes', () => {
    const stream = card.out('cuStreamCreate', 1);
    const [x, y] = [card.upload(new Float32Array(32)), card.upload(new Float32Array(32))];
    const work = () => {
      card.call('cuMemsetD32Async', x, 0, 32, stream);
      card.launch(kernel('axpy'), { stream }, y, x, { float: 1 }, { int: 32 });
      card.call('cuMemcpyDtoDAsync_v2', x, y, 128, stream);
    };
    card.call('cuStreamBeginCapture_v2', stream, 0);
    work();
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    assert.equal(
      microseconds(stream, () => {}),
      0,
    );
    assert.equal(microseconds(stream, work), 3);
    assert.equal(
      microseconds(stream, () => {
        card.call('cuGraphLaunch', graph, stream);
        card.call('cuGraphLaunch', graph, stream);
      }),
      6,
    );
  });

  it('is read only from recorded events that were created with timing, once they are reached', () => {
    const stream = card.out('cuStreamCreate', 1);
    const [start, end, never] = [0, 0, 0].map((flags) => card.out('cuEventCreate', flags)) as [
      number,
      number,
      number,
    ];
    const untimed = card.out('cuEventCreate', 2);
    for (const event of [start, end, untimed]) card.call('cuEventRecord', event, stream);
    assert.equal(elapsed(start, end), 600);
    assert.equal(elapsed(start, never), 400);
    card.call('cuStreamSynchronize', stream);
    assert.equal(elapsed(start, end), 0);
    assert.equal(elapsed(start, untimed), 400);
    assert.equal(elapsed(untimed, end), 400);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.call('cuEventRecord', end, stream);
    captured(stream);
    assert.equal(elapsed(start, end), 907);
  });
});

describe('products of the emulated cuBLASLt', () => {
  const [m, n, k] = [8, 5, 3];
  const blas = (name: string, ...values: unknown[]) => card.blas[name]?.(...values) ?? -1;
  const created = (name: string, ...values: unknown[]) => {
    const out = new BigUint64Array(1);
    assert.equal(blas(name, out, ...values), 0);
    return Number(out[0]);
  };
  /** The algorithm of the last product. */
  let chosen = new Uint8Array();
  /**
   * d[m,n] = a b + beta d, all column-major.
   * @returns the status
   */
  function multiply(options: {
    readonly a: Float32Array;
    readonly b: Float32Array;
    readonly d: number;
    readonly transposeA?: boolean;
    readonly transposeB?: boolean;
    readonly beta?: number;
    readonly compute?: number;
    readonly reductions?: number;
    /** The inner dimension, if it is not k. */
    readonly inner?: number;
    /** The number of the algorithm, in the heuristic's order. */
    readonly algorithm?: number;
    readonly attributes?: readonly (readonly [attribute: number, value: ArrayBufferView])[];
  }): number {
    const {
      transposeA = false,
      transposeB = false,
      beta = 0,
      compute = 68,
      reductions = 2,
      inner = k,
      algorithm = 0,
      attributes = [],
    } = options;
    const description = created('cublasLtMatmulDescCreate', compute, 0);
    const flags = [
      [3, Int32Array.of(transposeA ? 1 : 0)],
      [4, Int32Array.of(transposeB ? 1 : 0)],
    ] as const;
    for (const [attribute, value] of [...flags, ...attributes])
      assert.equal(
        blas('cublasLtMatmulDescSetAttribute', description, attribute, value, value.byteLength),
        0,
      );
    const layout = (rows: number, columns: number) =>
      created('cublasLtMatrixLayoutCreate', 0, rows, columns, rows);
    const la = transposeA ? layout(inner, m) : layout(m, inner);
    const lb = transposeB ? layout(n, inner) : layout(inner, n);
    const ld = layout(m, n);
    const handle = created('cublasLtCreate');
    const preference = created('cublasLtMatmulPreferenceCreate');
    const mask = Uint32Array.of(reductions);
    assert.equal(blas('cublasLtMatmulPreferenceSetAttribute', preference, 3, mask, 4), 0);
    const wanted = algorithm + 1;
    const results = new Uint8Array(96 * wanted);
    const found = new Int32Array(1);
    const query = [handle, description, la, lb, ld, ld, preference, wanted, results, found];
    assert.equal(blas('cublasLtMatmulAlgoGetHeuristic', ...query), 0);
    assert.equal(found[0], wanted);
    chosen = results.slice(96 * algorithm, 96 * algorithm + 64);
    const [a, b] = [card.upload(options.a), card.upload(options.b)];
    const left = [handle, description, Float32Array.of(1), a, la, b, lb];
    const right = [Float32Array.of(beta), options.d, ld, options.d, ld, chosen, 0, 0, 0];
    return blas('cublasLtMatmul', ...left, ...right);
  }
  const at = (matrix: Float32Array, row: number, column: number, rows: number) =>
    matrix[row + column * rows] ?? Number.NaN;
  const a = numbers(m * k, (i) => ((i * 5) % 7) - 3);
  const b = numbers(k * n, (i) => ((i * 3) % 5) - 2);
  const product = numbers(m * n, (i) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += at(a, i % m, p, m) * at(b, p, Math.floor(i / m), k);
    return sum;
  });
  const transposed = (matrix: Float32Array, rows: number, columns: number) =>
    numbers(rows * columns, (i) => at(matrix, Math.floor(i / columns), i % columns, rows));
  const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const near = (actual: Float32Array, expected: Float32Array) => {
    for (const [i, x] of expected.entries())
      assert.ok(Math.abs((actual[i] ?? Number.NaN) - x) < 1e-4, `${i}: ${actual[i]} for ${x}`);
  };

  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      it(`are correct with a${transposeA ? "'" : ''} b${transposeB ? "'" : ''}, and accumulate`, () => {
        const d = card.upload(numbers(m * n, () => 1));
        const left = transposeA ? transposed(a, m, k) : a;
        const right = transposeB ? transposed(b, k, n) : b;
        assert.equal(multiply({ transposeA, transposeB, beta: 1, a: left, b: right, d }), 0);
        assert.deepEqual(
          card.download(d, m * n),
          product.map((x) => x + 1),
        );
      });

  it('add a bias, save it and apply GELU; multiply by the derivative', () => {
    const bias = numbers(m, (i) => i / 10);
    const [saved, d] = [card.allocate(4 * m * n), card.allocate(4 * m * n)];
    const biased = product.map((x, i) => x + (bias[i % m] ?? 0));
    const auxiliary = [
      [11, BigUint64Array.of(BigInt(saved))],
      [12, BigInt64Array.of(BigInt(m))],
    ] as const;
    const withBias = [
      [7, Int32Array.of(164)],
      [8, BigUint64Array.of(BigInt(card.upload(bias)))],
    ] as const;
    assert.equal(multiply({ a, b, d, attributes: [...withBias, ...auxiliary] }), 0);
    near(card.download(saved, m * n), biased);
    near(card.download(d, m * n), biased.map(gelu));
    assert.equal(multiply({ a, b, d, attributes: [[7, Int32Array.of(192)], ...auxiliary] }), 0);
    const slope = (x: number) => (gelu(x + 1e-4) - gelu(x - 1e-4)) / 2e-4;
    near(
      card.download(d, m * n),
      product.map((x, i) => x * slope(biased[i] ?? Number.NaN)),
    );
  });

  it('write a bias gradient over old values, aligned to 16 bytes, and reject unknown epilogues', () => {
    const saved = numbers(m * n, () => 40);
    const [sums, d] = [card.upload(numbers(m + 1, () => 9)), card.allocate(4 * m * n)];
    const attributes = (epilogue: number, bias: number) =>
      [
        [7, Int32Array.of(epilogue)],
        [8, BigUint64Array.of(BigInt(bias))],
        [11, BigUint64Array.of(BigInt(card.upload(saved)))],
        [12, BigInt64Array.of(BigInt(m))],
      ] as const;
    assert.equal(multiply({ a, b, d, attributes: attributes(208, sums) }), 0);
    near(card.download(d, m * n), product);
    const expected = numbers(m, (row) => {
      let sum = 0;
      for (let column = 0; column < n; column++) sum += at(product, row, column, m);
      return sum;
    });
    near(card.download(sums, m), expected);
    assert.equal(multiply({ a, b, d, attributes: attributes(208, sums + 4) }), 7);
    assert.throws(() => multiply({ a, b, d, attributes: attributes(64 + 16, sums) }), /15 !== 0/);
  });

  it('round to tf32 if allowed', () => {
    const fine = numbers(m * k, () => 1 + 2 ** -12);
    const d = card.allocate(4 * m * n);
    assert.equal(multiply({ a: fine, b: numbers(k * n, () => 1), d, compute: 77 }), 0);
    assert.equal(card.download(d, 1)[0], k);
  });

  it('are summed by each algorithm in its own order: along k, by halves of k, and backwards', () => {
    const inner = 8;
    // Every 1 that is added to 2^24 by itself is rounded away.
    const sums = [0, 1, 2].map((algorithm) => {
      const d = card.allocate(4 * m * n);
      const big = numbers(m * inner, (i) => (i < m ? 2 ** 24 : 1));
      const ones = numbers(inner * n, () => 1);
      assert.equal(multiply({ a: big, b: ones, d, inner, algorithm }), 0);
      return [...new Set(card.download(d, m * n))].map((sum) => sum - 2 ** 24);
    });
    assert.deepEqual(sums, [[0], [4], [8]]);
  });

  it('take the time that the environment gives to their algorithm, with or without an epilogue', () => {
    const d = card.allocate(4 * m * n);
    const bias = [
      [7, Int32Array.of(4)],
      [8, BigUint64Array.of(BigInt(card.upload(new Float32Array(m))))],
    ] as const;
    const times = (attributes: typeof bias | readonly []) =>
      [0, 1, 2].map(
        (algorithm) => microseconds(0, () => multiply({ a, b, d, algorithm, attributes })) - uploads,
      );
    const uploads = 2; // of a and b
    assert.deepEqual([times([]), times(bias)].flat(), [10, 11, 12, 10, 11, 12]);
    withEnvironment({ CUDA_EMULATOR_TIMES_PLAIN: '30,2.5,9', CUDA_EMULATOR_TIMES_FUSED: '7,8,5' }, () =>
      assert.deepEqual([times([]), times(bias)].flat(), [30, 2.5, 9, 7, 8, 5]),
    );
  });

  it('describe their algorithms', () => {
    const asked = (attribute: number, size: number) => {
      const [value, written] = [Buffer.alloc(8), new BigUint64Array(1)];
      const status = blas('cublasLtMatmulAlgoConfigGetAttribute', chosen, attribute, value, size, written);
      return status === 0 ? [value.readUInt32LE(), Number(written[0])] : status;
    };
    const d = card.allocate(4 * m * n);
    const sizes = [4, 4, 4, 4, 4, 4, 4, 2, 2];
    const described = [0, 1, 2].map((algorithm) => {
      assert.equal(multiply({ a, b, d, algorithm }), 0);
      return sizes.map((size, attribute) => {
        const answer = asked(attribute, size);
        assert.ok(Array.isArray(answer) && answer[1] === size, `attribute ${attribute}: ${answer}`);
        assert.deepEqual(asked(attribute, 0), [0, size]);
        assert.equal(asked(attribute, 8), 7);
        return answer[0];
      });
    });
    assert.deepEqual(described, [
      [100, 20, 1, 0, 0, 0, 15, 0, 2],
      [101, 20, 2, 2, 0, 0, 15, 0, 2],
      [102, 20, 1, 0, 0, 0, 15, 0, 2],
    ]);
    assert.equal(asked(9, 4), 7);
    chosen[0] = 0;
    assert.equal(asked(0, 4), 7);
  });

  it('are not split if no parts of a sum may be added', () => {
    const d = card.allocate(4 * m * n);
    assert.equal(multiply({ a, b, d, reductions: 0, algorithm: 1 }), 0);
    assert.throws(() => multiply({ a, b, d, reductions: 0, algorithm: 2 }), /2 !== 3/);
  });

  it('are refused if parts of a sum may be added in the output type', () => {
    const d = card.allocate(4 * m * n);
    for (const reductions of [1, 4, 7])
      assert.throws(() => multiply({ a, b, d, reductions }), /15 !== 0/, `${reductions}`);
    assert.equal(multiply({ a, b, d, reductions: 0 }), 0);
  });

  it('detect memory that is too small', () => {
    // The null stream never delays work.
    assert.equal(multiply({ a, b, d: card.allocate(4 * m * n - 4) }), 13);
    assert.equal(card.status('cuCtxSynchronize'), 700);
    assert.match(card.words(700), /cublasLtMatmul, D of 160 bytes/);
  });
});

describe('the emulated driver', () => {
  it('has the configured number of cards, driver version and memory', () => {
    withEnvironment({ CUDA_EMULATOR_DEVICES: '0' }, () => assert.equal(card.status('cuInit', 0), 100));
    withEnvironment({ CUDA_EMULATOR_DRIVER_VERSION: '11040' }, () => {
      const version = new Int32Array(1);
      card.call('cuDriverGetVersion', version);
      assert.equal(version[0], 11040);
    });
    withEnvironment({ CUDA_EMULATOR_MEMORY: '1000' }, () => {
      assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 5000), 2);
    });
  });

  it('refuses machine code for another card', () => {
    withEnvironment({ CUDA_EMULATOR_COMPUTE_CAPABILITY: '7.5' }, () => {
      const { image } = card.compile('extern "C" __global__ void nothing() {}');
      assert.equal(card.status('cuModuleLoadData', new BigUint64Array(1), image), 209);
    });
  });

  it('refuses more threads than __launch_bounds__, and more shared memory than was requested', () => {
    const x = card.upload(new Float32Array(512));
    assert.equal(card.launch(kernel('block_sums'), { block: 512, shared: 64 }, x, x), 701);
    assert.equal(card.launch(kernel('block_sums'), { block: 256, shared: 50_000 }, x, x), 1);
    card.call('cuFuncSetAttribute', kernel('block_sums'), 8, 50_000);
    assert.equal(card.launch(kernel('block_sums'), { block: 256, shared: 50_000 }, x, x), 0);
  });
});

describe('the emulated compiler', () => {
  it('reports an error with its line', () => {
    const { status, log } = card.compile('extern "C" __global__ void broken(float* x) {\n  x[0] = y;\n}\n');
    assert.equal(status, 6);
    assert.match(log, /kernels\.cu:2:.*y/);
  });

  it('names an unknown instruction', () => {
    const { status, log } = card.compile('__global__ void k(int* x) { asm("vote.odd %0;" : "=r"(x[0])); }');
    assert.equal(status, 6);
    assert.match(log, /ptx_vote_odd/);
  });

  it('refuses options and architectures that NVRTC does not have', () => {
    assert.equal(card.compile('', '--gpu-architecture=sm_35').status, 5);
    assert.equal(card.compile('', '--faster').status, 5);
  });
});
