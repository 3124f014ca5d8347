// Matrix products with what follows them: one cuBLASLt call where that is faster with the epilogue fused, otherwise a
// call and a kernel. Shapes differ; each is measured once. Products of a few rows have kernels of their own.

import { UserError } from '../../errors.js';
import type { Epilogue, MatmulOptions } from '../device.js';
import { Tensor } from '../tensor.js';
import type { CublasLt, Workspace } from './cublaslt.js';
import { type KernelLauncher, scalarBytes, scalarType } from './kernel-launcher.js';
import { launches } from './launches.js';
import { alignmentsOf, type FusedEpilogue, type Operands, type Product, productWords } from './product.js';
import type { Candidate, ProductChoices } from './product-choices.js';
import { sumRows } from './row-sums.js';
import { timeCandidates } from './timed.js';

/** The activations, as numbered in the kernels' ABI. */
const activationKinds = { gelu_new: 0, gelu: 1 } as const;
/** The most rows that the kernels for few rows take. */
const fewRows = 4;
/** With a shorter inner dimension, half of their threads would be idle. */
const leastInner = 256;
/** The alignment that cuBLASLt requires of a saved pre-activation, and at which it reads a bias fastest. */
const fusedAlignment = 16;
/** Smaller products (in multiplications) take microseconds in every way, and are not worth a measurement. */
const leastMeasured = 2 ** 24;

/** out = op(a) op(b), and what follows. */
interface Request {
  readonly out: Tensor;
  readonly a: Tensor;
  readonly b: Tensor;
  /** The product alone. */
  readonly plain: Product;
  readonly epilogue: Epilogue | undefined;
}

export class Products {
  constructor(
    readonly launcher: KernelLauncher,
    readonly cublasLt: CublasLt,
    readonly workspace: Workspace,
    readonly choices: ProductChoices,
    readonly options: {
      /** Whether float32 products may round their inputs to TF32. */
      readonly tf32: boolean;
      /** Products of at least this many multiplications are measured. */
      readonly leastMeasured?: number | undefined;
    },
  ) {}

  /**
   * The contract's product. In bf16, cuBLASLt may sum the gradient of a bias in its epilogue: it rounds the sums to the
   * output type, a relative error of at most 2^-9 per micro-batch. In fp16, with its loss scale, sums over many rows
   * could overflow where float32 sums do not, and updates would be skipped without need; there a kernel computes the
   * sums.
   * @throws UserError (device) if cuBLASLt has no way to compute it
   */
  multiply(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const request = this.#request(out, a, b, options);
    const { plain } = request;
    if (plain.m === 0 || plain.n === 0 || this.#multiplyFew(request)) return;
    if (plain.k === 0) {
      this.#multiplyNothing(request);
      return;
    }
    const ranked = this.choices.ranked(
      keyOf(request),
      () => this.#candidates(request),
      (candidates) => this.#measure(request, candidates),
    );
    for (;;) {
      const [candidate] = ranked;
      if (candidate === undefined) throw this.cublasLt.noAlgorithm(plain);
      if (this.#compute(request, candidate)) return;
      ranked.shift();
    }
  }

  #request(
    out: Tensor,
    a: Tensor,
    b: Tensor,
    { transposeA = false, transposeB = false, accumulate = false, epilogue }: MatmulOptions,
  ): Request {
    const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
    const tf32 = this.options.tf32 && a.dtype === 'f32';
    const types = { inputs: scalarType(a), output: scalarType(out), tf32 };
    const plain = { m, n, k, transposeA, transposeB, accumulate, ...types, epilogue: 'none' } as const;
    return { out, a, b, plain, epilogue };
  }

  /** @returns whether the kernels for few rows computed the product */
  #multiplyFew({ out, a, b, plain, epilogue }: Request): boolean {
    const { m, n, k, transposeA, transposeB, accumulate } = plain;
    if (m > fewRows || k < leastInner || transposeA || accumulate || epilogue?.kind === 'activation-gradient')
      return false;
    const [type, outType] = [scalarType(a), scalarType(out)];
    const one = m === 1;
    if (transposeB) {
      if (epilogue !== undefined) return false;
      const kernel = one ? 'one_row_transposed' : 'few_rows_transposed';
      const values = [out, Number(outType === 'f32'), a, b, m, n, k];
      this.launcher.launch(kernel, type, launches[kernel](n), values);
      return true;
    }
    if (outType !== type) return false;
    const kernel = one ? 'one_row' : 'few_rows';
    const activates = epilogue?.kind === 'bias-activation';
    const [preActivation, activation] = activates
      ? [epilogue.preActivation, activationKinds[epilogue.activation]]
      : [undefined, 0];
    const values = [out, preActivation, a, b, epilogue?.bias, activation, m, n, k];
    this.launcher.launch(kernel, type, launches[kernel](n, scalarBytes(type)), values);
    return true;
  }

  /** A product over an empty dimension is zero. */
  #multiplyNothing(request: Request): void {
    const { m, n, output, accumulate } = request.plain;
    const { driver, stream } = this.launcher.tools;
    if (!accumulate) driver.memset8(productOf(request).address, 0, m * n * scalarBytes(output), stream);
    this.#finish(request, 'none');
  }

  /** All that cuBLASLt offers: what fuses most comes first. Where TF32 is allowed, float32 comes after all of it. */
  #candidates(request: Request): Candidate[] {
    const { plain } = request;
    return (plain.tf32 ? [true, false] : [false]).flatMap((tf32) =>
      waysOf(request).flatMap(({ way, epilogue }) => {
        const product = { ...plain, tf32, epilogue };
        const prepared = this.cublasLt.prepare(product, this.#operands(request, epilogue), this.workspace);
        if (prepared === null) return [];
        const name = plain.tf32 && !tf32 ? `${way}, float32` : way;
        return prepared.algorithms.map((algorithm) => ({ way: name, prepared, algorithm }));
      }),
    );
  }

  /** Milliseconds by candidate. The outputs of the request are not touched. */
  #measure(request: Request, candidates: readonly Candidate[]): Map<Candidate, number> | undefined {
    const { m, n, k } = request.plain;
    if (m * n * k < (this.options.leastMeasured ?? leastMeasured)) return undefined;
    const { driver, stream } = this.launcher.tools;
    const addresses: number[] = [];
    try {
      const elsewhere = withOutputs(request, (tensor) => {
        // At the same alignment, which decides what cuBLASLt can do.
        const offset = tensor.address % 256;
        const bytes = tensor.size * scalarBytes(scalarType(tensor));
        const address = driver.alloc(bytes + offset, 'measuring a product');
        addresses.push(address);
        // Sums are added to what is there.
        driver.memset8(address, 0, bytes + offset, stream);
        return new Tensor(
          { address: address + offset, bytes, label: 'measured' },
          0,
          tensor.shape,
          tensor.dtype,
        );
      });
      return timeCandidates(this.launcher.tools, candidates, (candidate) =>
        this.#compute(elsewhere, candidate),
      );
    } catch (thrown) {
      // On a card that is nearly full, the first candidate that works is used.
      if (thrown instanceof UserError && thrown.code === 'out-of-memory') return undefined;
      throw thrown;
    } finally {
      for (const address of addresses) driver.free(address);
    }
  }

  /** @returns false, with nothing queued, if the candidate cannot compute it after all */
  #compute(request: Request, { prepared, algorithm }: Candidate): boolean {
    const { epilogue } = prepared.product;
    const { stream } = this.launcher.tools;
    const operands = this.#operands(request, epilogue);
    if (!this.cublasLt.run(prepared, algorithm, operands, this.workspace, stream)) return false;
    this.#finish(request, epilogue);
    return true;
  }

  #operands(request: Request, fused: FusedEpilogue): Operands {
    const { out, a, b, epilogue } = request;
    const addresses = { a: a.address, b: b.address };
    if (fused === 'none') return { ...addresses, out: productOf(request).address };
    const bias =
      fused === 'gelu-bias-gradient'
        ? this.#roundedSums(request)
        : epilogue !== undefined && 'bias' in epilogue
          ? epilogue.bias.address
          : undefined;
    return {
      ...addresses,
      out: out.address,
      ...(bias !== undefined && { bias }),
      ...(epilogue !== undefined &&
        'preActivation' in epilogue && { preActivation: epilogue.preActivation.address }),
    };
  }

  /** Where cuBLASLt leaves the sums of a bias gradient, in the output type. */
  #roundedSums({ plain: { n, output } }: Request): number {
    return this.launcher.scratch(n * scalarBytes(output));
  }

  /** Runs the part of the epilogue that was not fused. */
  #finish(request: Request, fused: FusedEpilogue): void {
    const { out, plain, epilogue } = request;
    if (epilogue === undefined) return;
    const { m, n, output } = plain;
    if (fused === 'none') this.#runEpilogue(out, m, n, epilogue);
    const biasGradient = biasGradientOf(epilogue);
    if (biasGradient === undefined) return;
    if (fused === 'gelu-bias-gradient') {
      const values = [biasGradient, this.#roundedSums(request), n];
      this.launcher.launch('add_bias_gradient', output, launches.add_bias_gradient(n), values);
    } else sumRows(this.launcher, biasGradient, out);
  }

  #runEpilogue(out: Tensor, m: number, n: number, epilogue: Epilogue): void {
    const type = scalarType(out);
    const bytes = scalarBytes(type);
    switch (epilogue.kind) {
      case 'bias':
        this.launcher.launch('add_bias', type, launches.add_bias(m, n, bytes), [out, epilogue.bias, m, n]);
        return;
      case 'bias-activation': {
        const { preActivation, bias, activation } = epilogue;
        const geometry = launches.add_bias_activation(m, n, bytes);
        const values = [out, preActivation, bias, activationKinds[activation], m, n];
        this.launcher.launch('add_bias_activation', type, geometry, values);
        return;
      }
      case 'activation-gradient': {
        const { preActivation, activation } = epilogue;
        const values = [out, preActivation, activationKinds[activation], m * n];
        this.launcher.launch('activation_gradient', type, launches.activation_gradient(m * n), values);
        return;
      }
    }
  }
}

/** Where the product itself goes if nothing is fused: the kernel for an activation reads it from there. */
function productOf({ out, epilogue }: Request): Tensor {
  return epilogue?.kind === 'bias-activation' ? epilogue.preActivation : out;
}

function biasGradientOf(epilogue: Epilogue | undefined): Tensor | undefined {
  return epilogue?.kind === 'activation-gradient' ? epilogue.biasGradient : undefined;
}

/** The request with other tensors in place of those that it writes. */
function withOutputs(request: Request, other: (tensor: Tensor) => Tensor): Request {
  const { epilogue } = request;
  const out = other(request.out);
  if (epilogue?.kind === 'bias-activation')
    return { ...request, out, epilogue: { ...epilogue, preActivation: other(epilogue.preActivation) } };
  if (epilogue?.kind === 'activation-gradient' && epilogue.biasGradient)
    return { ...request, out, epilogue: { ...epilogue, biasGradient: other(epilogue.biasGradient) } };
  return { ...request, out };
}

/**
 * What may be fused, most first. cuBLASLt does not document how exact its GELU is. It is good enough for 16-bit results,
 * which are rounded more; float32 uses our exact kernel.
 */
function waysOf({ plain, epilogue }: Request): { readonly way: string; readonly epilogue: FusedEpilogue }[] {
  if (epilogue === undefined) return [{ way: 'plain', epilogue: 'none' }];
  const separate = { way: 'separate', epilogue: 'none' } as const;
  const aligned = ['bias', 'preActivation'].every((name) => {
    const tensor: unknown = Reflect.get(epilogue, name);
    return !(tensor instanceof Tensor) || tensor.address % fusedAlignment === 0;
  });
  if (!aligned) return [separate];
  if (epilogue.kind === 'bias') return [{ way: 'fused', epilogue: 'bias' }, separate];
  if (epilogue.activation !== 'gelu_new' || plain.output === 'f32') return [separate];
  if (epilogue.kind === 'bias-activation') return [{ way: 'fused', epilogue: 'gelu-bias' }, separate];
  if (!epilogue.biasGradient) return [{ way: 'fused', epilogue: 'gelu-gradient' }, separate];
  const apart = { way: 'fused, sums apart', epilogue: 'gelu-gradient' } as const;
  const fused = { way: 'fused', epilogue: 'gelu-bias-gradient' } as const;
  return plain.output === 'bf16' ? [fused, apart, separate] : [apart, separate];
}

/** Names a request: `bf16[4096,3072] = bf16 bf16 over 768, bias-activation gelu_new`. */
function keyOf(request: Request): string {
  const { plain, epilogue, a, b, out } = request;
  const words = [productWords(plain)];
  if (epilogue !== undefined)
    words.push('activation' in epilogue ? `${epilogue.kind} ${epilogue.activation}` : epilogue.kind);
  if (biasGradientOf(epilogue)) words.push('with bias gradient');
  const alignments = alignmentsOf({
    out: out.address,
    a: a.address,
    b: b.address,
    ...(epilogue !== undefined && 'bias' in epilogue && { bias: epilogue.bias.address }),
    ...(epilogue !== undefined &&
      'preActivation' in epilogue && { preActivation: epilogue.preActivation.address }),
  });
  if (alignments.some((alignment) => alignment < 256)) words.push(`aligned to ${alignments.join(' ')}`);
  return words.join(', ');
}
