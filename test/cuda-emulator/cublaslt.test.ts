// Matrix products of the emulated cuBLASLt: what they compute, how long they take, and what is refused.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { begin, card, microseconds, numbers, withEnvironment } from './kernels-card.js';

beforeEach(() => void begin());

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
  /** The attributes of a product with a bias. */
  const withBias = () =>
    [
      [7, Int32Array.of(4)],
      [8, BigUint64Array.of(BigInt(card.upload(new Float32Array(m))))],
    ] as const;
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
    const bias = withBias();
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

  for (const [kind, attributes] of [
    ['PLAIN', () => []],
    ['FUSED', withBias],
  ] as const) {
    const other = kind === 'PLAIN' ? withBias : () => [];
    const product = (algorithm: number, of: typeof attributes | typeof other = attributes) =>
      multiply({ a, b, d: card.allocate(4 * m * n), algorithm, attributes: of() });

    it(`have as many algorithms as CUDA_EMULATOR_ALGORITHMS_${kind} says`, () => {
      const variable = `CUDA_EMULATOR_ALGORITHMS_${kind}`;
      withEnvironment({ [variable]: '2' }, () => {
        assert.equal(product(1), 0);
        assert.throws(() => product(2), /2 !== 3/);
        assert.equal(product(2, other), 0);
      });
      withEnvironment({ [variable]: '0' }, () => assert.throws(() => product(0), /15 !== 0/));
      withEnvironment({ [variable]: 'empty' }, () => assert.throws(() => product(0), /0 !== 1/));
    });

    it(`fail when they run as CUDA_EMULATOR_FAILING_${kind} says, with a chosen status`, () => {
      withEnvironment({ [`CUDA_EMULATOR_FAILING_${kind}`]: '2' }, () => {
        const statuses = () => [0, 1, 2].map((algorithm) => product(algorithm));
        assert.deepEqual(statuses(), [15, 7, 0]);
        assert.equal(product(0, other), 0);
        for (const status of [7, 15])
          withEnvironment({ CUDA_EMULATOR_FAILING_STATUS: `${status}` }, () =>
            assert.deepEqual(statuses(), [status, status, 0]),
          );
      });
    });
  }

  it('need a handle whose context is current and has not ended', () => {
    const handle = created('cublasLtCreate');
    const statuses = () => [
      blas('cublasLtMatmulAlgoGetHeuristic', handle, 0, 0, 0, 0, 0, 0, 1, null, new Int32Array(1)),
      blas('cublasLtMatmul', handle, 0, null, 0, 0, 0, 0, null, 0, 0, 0, 0, null, 0, 0, 0),
    ];
    // The handle is accepted, and then the missing description is not.
    assert.deepEqual(statuses(), [7, 7]);
    const context = card.out('cuCtxGetCurrent');
    card.call('cuCtxSetCurrent', 0);
    assert.deepEqual(statuses(), [1, 1]);
    assert.equal(blas('cublasLtCreate', new BigUint64Array(1)), 1);
    card.call('cuCtxSetCurrent', context);
    assert.deepEqual(statuses(), [7, 7]);
    card.begin();
    assert.deepEqual(statuses(), [1, 1]);
    assert.equal(blas('cublasLtDestroy', handle), 1);
    assert.notEqual(created('cublasLtCreate'), handle);
  });

  it('detect memory that is too small', () => {
    // The null stream never delays work.
    assert.equal(multiply({ a, b, d: card.allocate(4 * m * n - 4) }), 13);
    assert.equal(card.status('cuCtxSynchronize'), 700);
    assert.match(card.words(700), /cublasLtMatmul, D of 160 bytes/);
  });
});
