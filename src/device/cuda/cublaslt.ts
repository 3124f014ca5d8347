// Matrix products by cuBLASLt. All our matrices are row-major; cuBLASLt is column-major, so it is asked for the
// transposed product op(b)' op(a)'. Descriptors are built once per product and alignment, with the algorithms that
// cuBLASLt proposes; the caller chooses among these. Inputs are f32, bf16 or f16; accumulation is always float32. Deterministic: the parts of a split sum are added in a
// fixed order.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import type { FloatType } from '../tensor.js';
import { A, bind, type Calls, I, N, Out, S, U } from './bindings.js';
import { makeRoom, startAgain, whenAgain } from './errors.js';
import { cureOf, openLibrary, type Wanted } from './libraries.js';
import {
  alignmentOf,
  alignmentsOf,
  type FusedEpilogue,
  type Operands,
  type Product,
  productWords,
} from './product.js';
import type { Stream } from './streams.js';

/** The C functions of libcublasLt that this file uses. */
export const cublasLtSignatures = {
  cublasLtGetVersion: [N],
  cublasLtGetStatusString: [S, I],
  cublasLtCreate: [I, A],
  cublasLtDestroy: [I, U],
  cublasLtMatmulDescCreate: [I, A, I, I],
  cublasLtMatmulDescDestroy: [I, U],
  cublasLtMatmulDescSetAttribute: [I, U, I, A, N],
  cublasLtMatrixLayoutCreate: [I, A, I, N, N, N],
  cublasLtMatrixLayoutDestroy: [I, U],
  cublasLtMatmulPreferenceCreate: [I, A],
  cublasLtMatmulPreferenceDestroy: [I, U],
  cublasLtMatmulPreferenceSetAttribute: [I, U, I, A, N],
  cublasLtMatmulAlgoGetHeuristic: [I, U, U, U, U, U, U, U, I, A, A],
  cublasLtMatmulAlgoConfigGetAttribute: [I, A, I, A, N, A],
  cublasLtMatmul: [I, U, U, A, U, U, U, U, A, U, U, U, U, A, U, N, U],
} as const;

export interface Workspace {
  /** Aligned to 256 bytes. */
  readonly address: number;
  readonly bytes: number;
}

/** cudaDataType. */
const dataTypes = { f32: 0, f16: 2, bf16: 14 } as const satisfies Record<FloatType, number>;
/** cublasComputeType_t. */
const computeTypes = { float: 68, tf32: 77 } as const;
/** cublasLtMatmulDescAttributes_t. */
const attributes = {
  transposeA: 3,
  transposeB: 4,
  epilogue: 7,
  bias: 8,
  auxiliary: 11,
  auxiliaryLeading: 12,
} as const;
/** cublasLtEpilogue_t: BIAS, GELU_AUX_BIAS, DGELU, DGELU_BGRAD. Its GELU is the tanh approximation. */
const epilogues = {
  bias: 4,
  'gelu-bias': 32 | 128 | 4,
  'gelu-gradient': 64 | 128,
  'gelu-bias-gradient': 64 | 128 | 16,
} as const;
/** cublasLtMatmulPreferenceAttributes_t. The alignments are those of A, B, C and D. */
const preferences = { workspace: 1, reductions: 3, alignments: [5, 6, 7, 8] } as const;
/** The parts of a split sum are added in float32 in the workspace, never in the output type. */
const reductionInFloat32 = 2;
/** cublasLtMatmulAlgo_t. */
const algorithmBytes = 64;
/** cublasLtMatmulHeuristicResult_t. */
const resultBytes = 96;
/** Offset of the result's own cublasStatus_t, in 32-bit words. */
const resultState = 18;
/** Sizes of cublasLtMatmulAlgoConfigAttributes_t, from 0 on, in bytes. */
const configuration = [4, 4, 4, 4, 4, 4, 4, 2, 2] as const;
/** How many algorithms the heuristic is asked for. Some that it returns fail when they run. */
const mostAlgorithms = 8;
const notSupported = 15;
/** Also the status with which cuBLASLt rejects an epilogue. */
const invalidValue = 7;
const zero = Float32Array.of(0);
const one = Float32Array.of(1);

/** A way in which cuBLASLt can compute one product. */
export interface Algorithm {
  /**
   * Its configuration, for example `66.20.1.0.0.0.24.0.2`: the algorithm, its tile, the number of parts of a split sum,
   * how these are added, then swizzling, custom option, stages, inner shape and cluster shape. Two algorithms with the
   * same configuration, in the same version of cuBLASLt on the same kind of card, compute the same bits.
   */
  readonly id: string;
  /** cublasLtMatmulAlgo_t. */
  readonly bytes: Uint8Array;
}

/** A product that cuBLASLt can compute, for operands of certain alignments. */
export interface PreparedProduct {
  readonly product: Product;
  /** In the order in which cuBLASLt expects them to be fast; not empty. Some fail when they run. */
  readonly algorithms: readonly Algorithm[];
  readonly description: number;
  readonly layoutA: number;
  readonly layoutB: number;
  readonly layoutOut: number;
}

export class CublasLt {
  readonly #calls: Calls<typeof cublasLtSignatures>;
  readonly #out = new Out();
  readonly #handle: number;
  /** null if cuBLASLt has no algorithm for the product. */
  readonly #prepared = new Map<string, PreparedProduct | null>();
  /** For example `12.9.1`. */
  readonly version: string;

  readonly #upgrade: string;

  /**
   * Needs a current context.
   * @param upgrade the command that installs a newer cuBLASLt
   * @throws UnusableLibrary if the library does not load; UserError (device) if it does not start
   */
  constructor(
    readonly path: string,
    upgrade: string,
  ) {
    this.#calls = bind(path, cublasLtSignatures);
    this.#upgrade = upgrade;
    this.version = versionWords(this.#calls.cublasLtGetVersion());
    this.#check('cublasLtCreate', this.#calls.cublasLtCreate(this.#out.clear()), '', doesNotStart);
    this.#handle = this.#out.long();
  }

  /** @returns null if cuBLASLt has no algorithm for the product with operands of these alignments */
  prepare(product: Product, operands: Operands, workspace: Workspace): PreparedProduct | null {
    const key = `${productWords(product)} ${alignmentsOf(operands).join(' ')} ${workspace.bytes}`;
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const prepared = this.#describeFully(product, operands, workspace);
    this.#prepared.set(key, prepared);
    return prepared;
  }

  /**
   * Queues a product.
   * @param operands of the alignments that it was prepared for
   * @returns false, with nothing queued, if the algorithm cannot compute it after all
   */
  run(
    prepared: PreparedProduct,
    algorithm: Algorithm,
    operands: Operands,
    workspace: Workspace,
    stream: Stream,
  ): boolean {
    const { product, description, layoutA, layoutB, layoutOut } = prepared;
    this.#setPointers(description, product, operands);
    const status = this.#calls.cublasLtMatmul(
      this.#handle,
      description,
      one,
      operands.b,
      layoutB,
      operands.a,
      layoutA,
      product.accumulate ? one : zero,
      operands.out,
      layoutOut,
      operands.out,
      layoutOut,
      algorithm.bytes,
      workspace.address,
      workspace.bytes,
      stream,
    );
    if (status === notSupported || status === invalidValue) return false;
    this.#check('cublasLtMatmul', status, productWords(product));
    return true;
  }

  /** The error to show for a product without any algorithm. */
  noAlgorithm(product: Product): UserError {
    return new UserError(
      'cuda-library-unusable',
      `cuBLASLt ${this.version} has no algorithm that computes ${productWords(product)} on this GPU: ${this.#upgrade}, or use ${option('device', 'cpu')}.`,
    );
  }

  dispose(): void {
    for (const prepared of this.#prepared.values()) if (prepared !== null) this.#release(prepared);
    this.#prepared.clear();
    this.#calls.cublasLtDestroy(this.#handle);
  }

  #release({ description, layoutA, layoutB, layoutOut }: Omit<PreparedProduct, 'algorithms'>): void {
    this.#calls.cublasLtMatmulDescDestroy(description);
    for (const layout of [layoutA, layoutB, layoutOut]) this.#calls.cublasLtMatrixLayoutDestroy(layout);
  }

  #describeFully(product: Product, operands: Operands, workspace: Workspace): PreparedProduct | null {
    const { m, n, k, transposeA, transposeB } = product;
    // A row-major [rows, columns] matrix is a column-major [columns, rows] one with `columns` as its leading dimension.
    const layoutB = transposeB ? this.#layout(product.inputs, k, n) : this.#layout(product.inputs, n, k);
    const layoutA = transposeA ? this.#layout(product.inputs, m, k) : this.#layout(product.inputs, k, m);
    const layoutOut = this.#layout(product.output, n, m);
    const description = this.#describe(product);
    this.#setPointers(description, product, operands);
    const described = { product, description, layoutA, layoutB, layoutOut };
    const algorithms = this.#algorithms(described, operands, workspace);
    if (algorithms.length > 0) return { ...described, algorithms };
    this.#release(described);
    return null;
  }

  #algorithms(
    { product, description, layoutA, layoutB, layoutOut }: Omit<PreparedProduct, 'algorithms'>,
    operands: Operands,
    workspace: Workspace,
  ): Algorithm[] {
    const preference = this.#prefer(operands, workspace.bytes);
    const results = new Uint8Array(mostAlgorithms * resultBytes);
    const count = new Int32Array(1);
    const status = this.#calls.cublasLtMatmulAlgoGetHeuristic(
      this.#handle,
      description,
      layoutB,
      layoutA,
      layoutOut,
      layoutOut,
      preference,
      mostAlgorithms,
      results,
      count,
    );
    this.#calls.cublasLtMatmulPreferenceDestroy(preference);
    if (status === notSupported || (status === invalidValue && product.epilogue !== 'none')) return [];
    this.#check('cublasLtMatmulAlgoGetHeuristic', status, productWords(product));
    return Array.from({ length: count[0] ?? 0 }, (_, at) =>
      results.slice(at * resultBytes, (at + 1) * resultBytes),
    )
      .filter((result) => new Int32Array(result.buffer)[resultState] === 0)
      .map((result) => result.slice(0, algorithmBytes))
      .map((bytes) => ({ id: this.#configurationOf(bytes), bytes }));
  }

  #configurationOf(algorithm: Uint8Array): string {
    const value = new Uint32Array(1);
    const written = new BigUint64Array(1);
    const known = configuration.map((bytes, attribute) => {
      const call = this.#calls.cublasLtMatmulAlgoConfigGetAttribute;
      const status = call(algorithm, attribute, value.fill(0), bytes, written);
      return status === 0 ? value[0] : '-';
    });
    return known.join('.');
  }

  #layout(type: FloatType, rows: number, columns: number): number {
    const status = this.#calls.cublasLtMatrixLayoutCreate(
      this.#out.clear(),
      dataTypes[type],
      rows,
      columns,
      rows,
    );
    this.#check('cublasLtMatrixLayoutCreate', status);
    return this.#out.long();
  }

  #describe({ n, transposeA, transposeB, tf32, epilogue }: Product): number {
    const compute = tf32 ? computeTypes.tf32 : computeTypes.float;
    const status = this.#calls.cublasLtMatmulDescCreate(this.#out.clear(), compute, dataTypes.f32);
    this.#check('cublasLtMatmulDescCreate', status);
    const description = this.#out.long();
    this.#set(description, attributes.transposeA, Int32Array.of(transposeB ? 1 : 0));
    this.#set(description, attributes.transposeB, Int32Array.of(transposeA ? 1 : 0));
    if (epilogue !== 'none') this.#set(description, attributes.epilogue, Int32Array.of(epilogues[epilogue]));
    if (hasPreActivation(epilogue))
      this.#set(description, attributes.auxiliaryLeading, BigInt64Array.of(BigInt(n)));
    return description;
  }

  #setPointers(description: number, { epilogue }: Product, { bias = 0, preActivation = 0 }: Operands): void {
    if (hasBias(epilogue)) this.#set(description, attributes.bias, BigUint64Array.of(BigInt(bias)));
    if (hasPreActivation(epilogue))
      this.#set(description, attributes.auxiliary, BigUint64Array.of(BigInt(preActivation)));
  }

  #set(description: number, attribute: number, value: ArrayBufferView): void {
    const status = this.#calls.cublasLtMatmulDescSetAttribute(
      description,
      attribute,
      value,
      value.byteLength,
    );
    this.#check('cublasLtMatmulDescSetAttribute', status);
  }

  #prefer({ out, a, b }: Operands, workspaceBytes: number): number {
    this.#check(
      'cublasLtMatmulPreferenceCreate',
      this.#calls.cublasLtMatmulPreferenceCreate(this.#out.clear()),
    );
    const preference = this.#out.long();
    const set = (attribute: number, value: ArrayBufferView): void => {
      const call = this.#calls.cublasLtMatmulPreferenceSetAttribute;
      this.#check(
        'cublasLtMatmulPreferenceSetAttribute',
        call(preference, attribute, value, value.byteLength),
      );
    };
    set(preferences.workspace, BigUint64Array.of(BigInt(workspaceBytes)));
    set(preferences.reductions, Uint32Array.of(reductionInFloat32));
    for (const [at, address] of [b, a, out, out].entries())
      set(preferences.alignments[at] ?? 0, Uint32Array.of(alignmentOf(address)));
    return preference;
  }

  /** @param otherwise the advice for a status without its own */
  #check(call: string, status: number, subject = '', otherwise?: string): void {
    if (status === 0) return;
    const words = `${this.#calls.cublasLtGetStatusString(status)}, from ${call}${subject === '' ? '' : ` of ${subject}`}`;
    const advice =
      status === unknownArchitecture
        ? `does not know this GPU: ${this.#upgrade}, or use ${option('device', 'cpu')}`
        : (adviceByStatus[status] ?? otherwise);
    if (advice !== undefined)
      throw new UserError('cuda-library-unusable', `cuBLASLt ${this.version} ${advice} (${words}).`);
    throw new Error(words);
  }
}

const doesNotStart = `does not start: check that it suits the driver with chatbot-train doctor, or use ${option('device', 'cpu')}`;

/** CUBLAS_STATUS_ARCH_MISMATCH. */
const unknownArchitecture = 8;

/** Advice by cublasStatus_t. */
const adviceByStatus: Readonly<Record<number, string>> = {
  1: doesNotStart,
  3: `cannot allocate memory on the GPU: ${makeRoom}`,
  13: `stopped on the GPU: ${startAgain}; ${whenAgain}`,
};

function hasBias(epilogue: FusedEpilogue): boolean {
  return epilogue !== 'none' && epilogue !== 'gelu-gradient';
}

function hasPreActivation(epilogue: FusedEpilogue): boolean {
  return epilogue !== 'none' && epilogue !== 'bias';
}

/** 120901 is 12.9.1. */
function versionWords(version: number): string {
  return [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
}

/** @throws CudaUnavailable if no library is found or none loads; UserError (device) if it does not start */
export function openCublasLt(wanted: Wanted): CublasLt {
  const { env, majors = [] } = wanted;
  const upgrade = cureOf(['libcublasLt'], majors, env, '--upgrade');
  return openLibrary('libcublasLt', wanted, (path) => new CublasLt(path, upgrade));
}

/**
 * `12.9.1, /usr/...`: version and path of the library that a run would use, without starting it. Throws like
 * openCublasLt.
 */
export function cublasLtVersion(wanted: Wanted): string {
  return openLibrary('libcublasLt', wanted, (path) => {
    const version = bind(path, cublasLtSignatures).cublasLtGetVersion();
    return `${versionWords(version)}, ${path}`;
  });
}
