// The CPU kernels' products of bf16 numbers, called below the device: every form of a product on guarded tensors, and what
// it must store.

import type { NativeKernels } from '../../src/device/cpu/library.js';
import type { Activation } from '../../src/device/device.js';
import type { Tensor } from '../../src/device/tensor.js';
import { type Bench, Random } from './conformance/harness.js';
import { at, roundToBf16 } from './reference.js';

export type Shape = readonly [m: number, n: number, k: number];

interface Call {
  readonly type: 'f32' | 'bf16';
  readonly accumulate: 0 | 1;
  readonly epilogue: 'none' | 'bias' | 'activation' | 'gradient';
  readonly activation: Activation;
}
const plain = { type: 'bf16', accumulate: 0, epilogue: 'none', activation: 'gelu_new' } as const;
const calls = {
  f32: { ...plain, type: 'f32' },
  'f32, added': { ...plain, type: 'f32', accumulate: 1 },
  bf16: plain,
  'bf16, added': { ...plain, accumulate: 1 },
  bias: { ...plain, epilogue: 'bias' },
  gelu_new: { ...plain, epilogue: 'activation' },
  gelu: { ...plain, epilogue: 'activation', activation: 'gelu' },
  'gradient of gelu_new': { ...plain, epilogue: 'gradient' },
  'gradient of gelu': { ...plain, epilogue: 'gradient', activation: 'gelu' },
} as const satisfies Record<string, Call>;

/** What is done with the sums: stored in either dtype, added to what the output holds, or given to an epilogue. */
export type Form = keyof typeof calls;
export const forms = Object.keys(calls) as Form[];

export interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
export const transposes: readonly Transposes[] = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);

/** The inputs of all forms of one product, rounded to bf16. */
export interface Inputs {
  readonly shape: Shape;
  readonly transposes: Transposes;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly bias: Float64Array;
  /** What an output holds that is added to, and the pre-activations of backward. */
  readonly before: Float64Array;
}

export function randomInputs(shape: Shape, chosen: Transposes): Inputs {
  const [m, n, k] = shape;
  const random = new Random(m * 10_007 + n * 101 + k);
  return {
    shape,
    transposes: chosen,
    a: random.normals(m * k).map(roundToBf16),
    b: random.normals(k * n, 1 / Math.sqrt(Math.max(k, 1))).map(roundToBf16),
    bias: random.normals(n).map(roundToBf16),
    before: random.normals(m * n).map(roundToBf16),
  };
}

/** The product as a unit rounds it, number by number, from lines of A and B that are contiguous. */
function productInOrder(inputs: Inputs, dot: (a: Float64Array, b: Float64Array) => number): Float64Array {
  const {
    shape: [m, n, k],
    transposes: { transposeA, transposeB },
    a,
    b,
  } = inputs;
  const line = (from: Float64Array, number: number, stride: number, step: number) =>
    Float64Array.from({ length: k }, (_, depth) => at(from, number * stride + depth * step));
  const rows = Array.from({ length: m }, (_, row) => (transposeA ? line(a, row, 1, m) : line(a, row, k, 1)));
  const columns = Array.from({ length: n }, (_, column) =>
    transposeB ? line(b, column, k, 1) : line(b, column, 1, n),
  );
  return Float64Array.from(rows.flatMap((row) => columns.map((column) => dot(row, column))));
}

// a * b + c in float64 has the value of the fused operation after it is rounded to float32, except among denormals: the
// product of two bf16 numbers is exact.

/** AMX: even and odd depths of 32 each have their own sum from zero, and the sum of both is added. */
export function productOnTiles(inputs: Inputs): Float64Array {
  return productInOrder(inputs, (a, b) => {
    let sum = 0;
    for (let step = 0; step < a.length; step += 32) {
      let [even, odd] = [0, 0];
      for (let depth = step; depth < Math.min(a.length, step + 32); depth += 2) {
        even = Math.fround((a[depth] ?? 0) * (b[depth] ?? 0) + even);
        odd = Math.fround((a[depth + 1] ?? 0) * (b[depth + 1] ?? 0) + odd);
      }
      sum = Math.fround(sum + Math.fround(even + odd));
    }
    return sum;
  });
}

/** One depth after the other. */
export function productByDepth(inputs: Inputs): Float64Array {
  return productInOrder(inputs, (a, b) =>
    a.reduce((sum, value, depth) => Math.fround(value * (b[depth] ?? 0) + sum), 0),
  );
}

/** AVX-512 BF16: of each pair of depths, the odd one is added first. */
export function productByPairs(inputs: Inputs): Float64Array {
  return productInOrder(inputs, (a, b) => {
    let sum = 0;
    for (let depth = 0; depth < a.length; depth += 2) {
      sum = Math.fround((a[depth + 1] ?? 0) * (b[depth + 1] ?? 0) + sum);
      sum = Math.fround((a[depth] ?? 0) * (b[depth] ?? 0) + sum);
    }
    return sum;
  });
}

export function nameOf({ shape, transposes: { transposeA, transposeB } }: Inputs): string {
  return `[${shape}]${transposeA ? ' a transposed' : ''}${transposeB ? ' b transposed' : ''}`;
}

/** In whole panels or steps. */
const packedExtent = (extent: number) => Math.ceil(extent / 32) * 32;

/** The tensors of one product, for all its forms: allocating takes longer than multiplying. */
export class Product {
  readonly #kernels: NativeKernels;
  readonly #bench: Bench;
  readonly #inputs: Inputs;
  readonly #operands: readonly [a: Tensor, b: Tensor, bias: Tensor];
  readonly #outputs: Readonly<Record<'f32' | 'bf16', Tensor>>;
  readonly #preActivations: Tensor;
  /** The packed panels of b. */
  #packed: Tensor | undefined;

  constructor(kernels: NativeKernels, bench: Bench, inputs: Inputs) {
    const {
      shape: [m, n, k],
      transposes: { transposeA, transposeB },
    } = inputs;
    this.#kernels = kernels;
    this.#bench = bench;
    this.#inputs = inputs;
    this.#operands = [
      bench.narrow('a', transposeA ? [k, m] : [m, k], inputs.a),
      bench.narrow('b', transposeB ? [n, k] : [k, n], inputs.b),
      bench.narrow('bias', [n], inputs.bias),
    ];
    this.#outputs = { f32: bench.output('out', [m, n]), bf16: bench.narrow('out', [m, n], inputs.before) };
    this.#preActivations = bench.narrow('pre-activations', [m, n], inputs.before);
  }

  /**
   * What the kernels store: the output, then the pre-activations if the form saves them.
   * @param panels of b: whether they are kept for later products, or were kept by an earlier one
   */
  stored(form: Form, panels: 'not kept' | 'kept' | 'packed' = 'not kept'): Float32Array[] {
    const {
      shape: [m, n, k],
      transposes: { transposeA, transposeB },
      before,
    } = this.#inputs;
    const { type, accumulate, epilogue, activation }: Call = calls[form];
    const { device } = this.#bench;
    const out = this.#outputs[type];
    for (const tensor of [out, this.#preActivations]) device.upload(tensor, Float32Array.from(before));
    if (!accumulate) device.fill(out, 1e30);
    const [a, b, bias] = this.#operands;
    const saves = epilogue === 'activation';
    this.#kernels.matmul_bf16(
      out,
      Number(type === 'f32'),
      a,
      b,
      m,
      n,
      k,
      Number(transposeA),
      Number(transposeB),
      accumulate,
      ['none', 'bias', 'activation', 'gradient'].indexOf(epilogue),
      epilogue === 'bias' || saves ? bias : undefined,
      epilogue === 'gradient' || saves ? this.#preActivations : undefined,
      ['gelu_new', 'gelu'].indexOf(activation),
      panels === 'not kept' ? undefined : this.#memoryOfPanels(),
      Number(panels === 'packed'),
    );
    return (saves ? [out, this.#preActivations] : [out]).map((tensor) => this.#bench.read(tensor));
  }

  #memoryOfPanels(): Tensor {
    const [, n, k] = this.#inputs.shape;
    const size = packedExtent(n) * packedExtent(k);
    this.#packed ??= this.#bench.narrow('panels', [size], new Float32Array(size).fill(Number.NaN));
    return this.#packed;
  }
}

/** Activations and their slopes, of float32 numbers. */
export interface Curves {
  activate(activation: Activation, values: Float64Array): Float64Array;
  slopes(activation: Activation, values: Float64Array): Float64Array;
}

/**
 * What `stored` must return for this product: the arithmetic is float32, and a number that is stored in bf16 is rounded
 * once. The activation is that of the rounded number.
 */
export function expectedOf(
  product: Float64Array,
  { shape: [, n], bias, before }: Inputs,
  form: Form,
  curves: Curves,
): Float64Array[] {
  const { type, accumulate, epilogue, activation }: Call = calls[form];
  const sums = accumulate ? product.map((value, index) => Math.fround(value + at(before, index))) : product;
  if (type === 'f32') return [sums];
  const biased = () => sums.map((value, index) => roundToBf16(Math.fround(value + at(bias, index % n))));
  switch (epilogue) {
    case 'none':
      return [sums.map(roundToBf16)];
    case 'bias':
      return [biased()];
    case 'activation': {
      const saved = biased();
      return [curves.activate(activation, saved).map(roundToBf16), saved];
    }
    case 'gradient': {
      const slopes = curves.slopes(activation, before);
      return [sums.map((value, index) => roundToBf16(Math.fround(value * at(slopes, index))))];
    }
    default:
      return epilogue satisfies never;
  }
}
