// What a matrix product is: its sizes, types and epilogue, and where its operands are. Knows no library.

import type { FloatType } from '../tensor.js';

/** What a product does to its result before it stores it. */
export type FusedEpilogue =
  | 'none'
  /** + bias[N]. */
  | 'bias'
  /** preActivation = product + bias[N]; out = gelu_new(preActivation). */
  | 'gelu-bias'
  /** out = product * gelu_new'(preActivation). */
  | 'gelu-gradient'
  /** The same, and bias[N] = column sums of out. */
  | 'gelu-bias-gradient';

/** out[M,N] (+)= op(a)[M,K] op(b)[K,N]. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Type of a and b. */
  readonly inputs: FloatType;
  /** Type of out. The bias (also as a gradient) and preActivation have this type too. */
  readonly output: FloatType;
  /** Whether float32 inputs may be rounded to TF32 (sm_80 and later). */
  readonly tf32: boolean;
  readonly accumulate: boolean;
  readonly epilogue: FusedEpilogue;
}

/** Device addresses. */
export interface Operands {
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly bias?: number;
  readonly preActivation?: number;
}

/** Of out, a, b, bias and the pre-activation. */
export function alignmentsOf({ out, a, b, bias = 0, preActivation = 0 }: Operands): number[] {
  return [out, a, b, bias, preActivation].map(alignmentOf);
}

/** The largest power of two up to 256 that divides an address. */
export function alignmentOf(address: number): number {
  const low = address % 256;
  return low === 0 ? 256 : low & -low;
}

/** For example `bf16[4096,768] = bf16 bf16' over 768`, where ' marks a transposed matrix. */
export function productWords(product: Product): string {
  const { m, n, k, transposeA, transposeB, inputs, output, tf32, accumulate, epilogue } = product;
  const a = `${inputs}${transposeA ? "'" : ''}`;
  const b = `${inputs}${transposeB ? "'" : ''}`;
  const how = `${tf32 ? ' tf32' : ''}${accumulate ? ' +=' : ''}${epilogue === 'none' ? '' : ` ${epilogue}`}`;
  return `${output}[${m},${n}] = ${a} ${b} over ${k}${how}`;
}
