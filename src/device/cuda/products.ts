// Matrix products with their epilogues: one cuBLASLt call where it fuses the epilogue for the shape, otherwise a
// product and a kernel of our own; decided once per shape. cuBLASLt's GELU is the tanh approximation, so the erf form
// is always ours. Products of a few rows, as in decoding, are entirely ours: reading the weights once limits their
// speed.

import type { Tensor } from '../tensor.js';
import type { CublasLt, FusedEpilogue, Operands, Product, Workspace } from './cublaslt.js';
import { type KernelLauncher, type ScalarType, scalarBytes, scalarType } from './kernel-launcher.js';
import { launches } from './launches.js';

/** The epilogues, as numbered in the kernels' ABI. */
const epilogueKinds = { nothing: 0, bias: 1, activation: 2, gradient: 3 } as const;
const geluNew = 0;
/** The most rows that the kernels for few rows take. */
const fewRows = 4;
/** With a shorter inner dimension, half of their threads would be idle. */
const leastInner = 256;
/** The alignment that cuBLASLt requires of a saved pre-activation, and at which it reads a bias fastest. */
const fusedAlignment = 16;

export interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
}

export interface Epilogue {
  /** One of `epilogueKinds`. */
  readonly kind: number;
  readonly bias: Tensor | undefined;
  readonly preActivation: Tensor | undefined;
  readonly activation: number;
}

export class Products {
  /** By shape: whether the epilogue is fused. */
  readonly #fused = new Map<string, boolean>();

  constructor(
    readonly launcher: KernelLauncher,
    readonly cublasLt: CublasLt,
    readonly workspace: Workspace,
    /** Whether float32 products may round their inputs to TF32. */
    readonly tf32: boolean,
  ) {}

  /** For display: each shape with an epilogue, and which code computes it. */
  epilogues(): string[] {
    return [...this.#fused].map(([shape, fused]) => `${shape}: ${fused ? 'fused' : 'a separate kernel'}`);
  }

  multiply(out: Tensor, a: Tensor, b: Tensor, sizes: Sizes, epilogue: Epilogue): void {
    const { m, n, k, accumulate } = sizes;
    if (m === 0 || n === 0 || this.#multiplyFew(out, a, b, sizes, epilogue)) return;
    const { kind, preActivation } = epilogue;
    const plain = this.#plain(out, a, sizes);
    const operands = addresses(out, a, b, epilogue);
    const { driver, stream } = this.launcher.tools;
    const whole = { ...plain, epilogue: fusedForm(epilogue, plain.output) };
    if (k > 0 && whole.epilogue !== 'none' && this.#multiplyFused(whole, operands)) return;
    const product = kind === epilogueKinds.activation && preActivation ? preActivation : out;
    if (k > 0) this.#multiplyPlain(plain, { ...operands, out: product.address });
    else if (!accumulate) driver.memset8(product.address, 0, m * n * scalarBytes(plain.output), stream);
    this.#runEpilogue(out, m, n, epilogue);
  }

  /**
   * Like `multiply` for the activation's gradient, and biasGradient[n] += column sums of out. Returns false, with
   * nothing done, if cuBLASLt does not offer this for the shape. cuBLASLt rounds the sums to the output type. In bf16
   * that is a relative error of at most 2^-9 per micro-batch. In fp16, with its loss scale, sums over many rows could
   * overflow where float32 sums do not, and updates would be skipped without need; there a kernel computes the sums.
   */
  multiplySumming(
    biasGradient: Tensor,
    out: Tensor,
    a: Tensor,
    b: Tensor,
    sizes: Sizes,
    epilogue: Epilogue,
  ): boolean {
    const { m, n, k } = sizes;
    const product: Product = { ...this.#plain(out, a, sizes), epilogue: 'gelu-bias-gradient' };
    if (m * n * k === 0 || epilogue.activation !== geluNew || product.output !== 'bf16') return false;
    const sums = this.launcher.scratch(n * scalarBytes('bf16'));
    const operands = { ...addresses(out, a, b, epilogue), bias: sums };
    if (!this.#multiplyFused(product, operands)) return false;
    const geometry = launches.add_bias_gradient(n);
    this.launcher.launch('add_bias_gradient', 'bf16', geometry, [biasGradient, sums, n]);
    return true;
  }

  /** @returns whether the kernels for few rows computed the product */
  #multiplyFew(out: Tensor, a: Tensor, b: Tensor, sizes: Sizes, epilogue: Epilogue): boolean {
    const { m, n, k, transposeA, transposeB, accumulate } = sizes;
    const { kind, bias, preActivation, activation } = epilogue;
    if (m > fewRows || k < leastInner || transposeA || accumulate || kind === epilogueKinds.gradient)
      return false;
    const [type, outType] = [scalarType(a), scalarType(out)];
    const one = m === 1;
    if (transposeB) {
      if (kind !== epilogueKinds.nothing) return false;
      const kernel = one ? 'one_row_transposed' : 'few_rows_transposed';
      const values = [out, Number(outType === 'f32'), a, b, m, n, k];
      this.launcher.launch(kernel, type, launches[kernel](n), values);
      return true;
    }
    if (outType !== type) return false;
    const kernel = one ? 'one_row' : 'few_rows';
    const values = [out, preActivation, a, b, bias, activation, m, n, k];
    this.launcher.launch(kernel, type, launches[kernel](n, scalarBytes(type)), values);
    return true;
  }

  /** The product without its epilogue. */
  #plain(out: Tensor, a: Tensor, sizes: Sizes): Product {
    const tf32 = this.tf32 && a.dtype === 'f32';
    return { ...sizes, inputs: scalarType(a), output: scalarType(out), tf32, epilogue: 'none' };
  }

  /** @throws UserError (device) if cuBLASLt has no way to compute it */
  #multiplyPlain(product: Product, operands: Operands): void {
    const { stream } = this.launcher.tools;
    const ways = product.tf32 ? [product, { ...product, tf32: false }] : [product];
    if (!ways.some((way) => this.cublasLt.matmul(way, operands, this.workspace, stream)))
      throw this.cublasLt.noAlgorithm(product);
  }

  /** @returns false, with nothing done, if cuBLASLt does not offer this for the shape */
  #multiplyFused(product: Product, operands: Operands): boolean {
    const { bias = 0, preActivation = 0 } = operands;
    if (bias % fusedAlignment !== 0 || preActivation % fusedAlignment !== 0) return false;
    const { m, n, k, output, epilogue, transposeA, transposeB } = product;
    const key = `${output} [${m},${n}] over ${k}${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}, ${epilogue}`;
    if (this.#fused.get(key) === false) return false;
    const { stream } = this.launcher.tools;
    const done = this.cublasLt.matmul(product, operands, this.workspace, stream);
    if (!this.#fused.has(key)) this.#fused.set(key, done);
    return done;
  }

  #runEpilogue(out: Tensor, m: number, n: number, { kind, bias, preActivation, activation }: Epilogue): void {
    const type = scalarType(out);
    const bytes = scalarBytes(type);
    switch (kind) {
      case epilogueKinds.bias:
        this.launcher.launch('add_bias', type, launches.add_bias(m, n, bytes), [out, bias, m, n]);
        return;
      case epilogueKinds.activation: {
        const geometry = launches.add_bias_activation(m, n, bytes);
        const values = [out, preActivation, bias, activation, m, n];
        this.launcher.launch('add_bias_activation', type, geometry, values);
        return;
      }
      case epilogueKinds.gradient: {
        const geometry = launches.activation_gradient(m * n);
        this.launcher.launch('activation_gradient', type, geometry, [out, preActivation, activation, m * n]);
        return;
      }
    }
  }
}

function addresses(out: Tensor, a: Tensor, b: Tensor, { bias, preActivation }: Epilogue): Operands {
  return {
    out: out.address,
    a: a.address,
    b: b.address,
    ...(bias && { bias: bias.address }),
    ...(preActivation && { preActivation: preActivation.address }),
  };
}

/**
 * The fused epilogue to request from cuBLASLt; `none` if there is no epilogue or no fused form. cuBLASLt does not
 * document how exact its GELU is. It is good enough for 16-bit results, which are rounded more; float32 uses our exact
 * kernel.
 */
function fusedForm({ kind, activation }: Epilogue, output: ScalarType): FusedEpilogue {
  if (kind === epilogueKinds.bias) return 'bias';
  if (activation !== geluNew || output === 'f32') return 'none';
  if (kind === epilogueKinds.activation) return 'gelu-bias';
  return kind === epilogueKinds.gradient ? 'gelu-gradient' : 'none';
}
