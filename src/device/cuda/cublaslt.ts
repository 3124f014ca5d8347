// Matrix products by cuBLASLt, row-major as everything here is: what cuBLASLt, column-major, calls the transposed
// product op(b)' op(a)'. Descriptors and the choice of an algorithm are made once for each product and alignment.
// All f32. Deterministic: parts of a split sum are added in a fixed order.

import { A, bind, type Calls, I, N, Out, S, U } from './bindings.js';
import { cureOf, requireLibrary } from './libraries.js';

/** The C functions of libcublasLt that this takes. */
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
  cublasLtMatmul: [I, U, U, A, U, U, U, U, A, U, U, U, U, A, U, N, U],
} as const;

/** out[M,N] (+)= op(a)[M,K] op(b)[K,N]; out, a and b are addresses. */
export interface Product {
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly accumulate: boolean;
}

export interface Workspace {
  /** Aligned to 256 bytes. */
  readonly address: number;
  readonly bytes: number;
}

const float32 = 0;
const computeFloat32 = 68;
const attribute = { transposeA: 3, transposeB: 4 } as const;
const preference = {
  workspace: 1,
  reduction: 3,
  alignmentA: 5,
  alignmentB: 6,
  alignmentC: 7,
  alignmentD: 8,
} as const;
/** No reduction of a split sum, or one in a fixed order in the workspace (compute type). */
const orderedReductions = 2;
/** sizeof(cublasLtMatmulHeuristicResult_t), which begins with the algorithm. */
const heuristicBytes = 96;
const one = Float32Array.of(1);
const zero = Float32Array.of(0);

interface Plan {
  readonly description: number;
  readonly first: number;
  readonly second: number;
  readonly result: number;
  readonly algorithm: Uint8Array;
}

export class CublasLt {
  readonly #calls: Calls<typeof cublasLtSignatures>;
  readonly #out = new Out();
  readonly #plans = new Map<string, Plan>();
  readonly #handle: number;
  /** As the library counts: 130000. */
  readonly version: number;

  /** Needs a current context. */
  constructor(
    readonly path: string,
    readonly workspace: Workspace,
  ) {
    this.#calls = bind(path, cublasLtSignatures, cureOf('libcublasLt'));
    this.version = this.#calls.cublasLtGetVersion();
    this.#handle = this.#created('cublasLtCreate', this.#calls.cublasLtCreate(this.#out.clear()));
  }

  matmul(product: Product, stream: number): void {
    const { description, first, second, result, algorithm } = this.#plan(product);
    const { out, a, b, accumulate } = product;
    this.#check(
      'cublasLtMatmul',
      this.#calls.cublasLtMatmul(
        this.#handle,
        description,
        one,
        b,
        first,
        a,
        second,
        accumulate ? one : zero,
        out,
        result,
        out,
        result,
        algorithm,
        this.workspace.address,
        this.workspace.bytes,
        stream,
      ),
    );
  }

  close(): void {
    for (const { description, first, second, result } of this.#plans.values()) {
      for (const layout of [first, second, result]) this.#calls.cublasLtMatrixLayoutDestroy(layout);
      this.#calls.cublasLtMatmulDescDestroy(description);
    }
    this.#plans.clear();
    this.#calls.cublasLtDestroy(this.#handle);
  }

  #plan(product: Product): Plan {
    const { out, a, b, m, n, k, transposeA, transposeB } = product;
    const alignments = [b, a, out].map(alignmentOf);
    const key = [m, n, k, transposeA, transposeB, ...alignments].join();
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const calls = this.#calls;
    const description = this.#created(
      'cublasLtMatmulDescCreate',
      calls.cublasLtMatmulDescCreate(this.#out.clear(), computeFloat32, float32),
    );
    const set = (which: number, value: boolean): void =>
      this.#check(
        'cublasLtMatmulDescSetAttribute',
        calls.cublasLtMatmulDescSetAttribute(description, which, Int32Array.of(Number(value)), 4),
      );
    set(attribute.transposeA, transposeB);
    set(attribute.transposeB, transposeA);
    const first = this.#layout(...(transposeB ? ([k, n] as const) : ([n, k] as const)));
    const second = this.#layout(...(transposeA ? ([m, k] as const) : ([k, m] as const)));
    const result = this.#layout(n, m);
    const algorithm = this.#algorithm({ description, first, second, result }, alignments, `[${m},${n},${k}]`);
    const plan = { description, first, second, result, algorithm };
    this.#plans.set(key, plan);
    return plan;
  }

  #algorithm(
    { description, first, second, result }: Omit<Plan, 'algorithm'>,
    alignments: readonly number[],
    shape: string,
  ): Uint8Array {
    const calls = this.#calls;
    const wanted = this.#created(
      'cublasLtMatmulPreferenceCreate',
      calls.cublasLtMatmulPreferenceCreate(this.#out.clear()),
    );
    const set = (which: number, value: Int32Array | BigInt64Array): void =>
      this.#check(
        'cublasLtMatmulPreferenceSetAttribute',
        calls.cublasLtMatmulPreferenceSetAttribute(wanted, which, value, value.byteLength),
      );
    try {
      set(preference.workspace, BigInt64Array.of(BigInt(this.workspace.bytes)));
      set(preference.reduction, Int32Array.of(orderedReductions));
      const [alignmentB = 4, alignmentA = 4, alignmentOut = 4] = alignments;
      set(preference.alignmentA, Int32Array.of(alignmentB));
      set(preference.alignmentB, Int32Array.of(alignmentA));
      set(preference.alignmentC, Int32Array.of(alignmentOut));
      set(preference.alignmentD, Int32Array.of(alignmentOut));
      const found = new Uint8Array(heuristicBytes);
      const call = 'cublasLtMatmulAlgoGetHeuristic';
      this.#check(
        `${call} ${shape}`,
        calls[call](
          this.#handle,
          description,
          first,
          second,
          result,
          result,
          wanted,
          1,
          found,
          this.#out.clear(),
        ),
      );
      if (this.#out.int < 1) throw new Error(`cuBLASLt has no algorithm for the product ${shape}`);
      return found;
    } finally {
      calls.cublasLtMatmulPreferenceDestroy(wanted);
    }
  }

  /** Columns follow each other without a gap. */
  #layout(rows: number, columns: number): number {
    return this.#created(
      'cublasLtMatrixLayoutCreate',
      this.#calls.cublasLtMatrixLayoutCreate(this.#out.clear(), float32, rows, columns, rows),
    );
  }

  #created(call: string, status: number): number {
    this.#check(call, status);
    return this.#out.long();
  }

  #check(call: string, status: number): void {
    if (status === 0) return;
    throw new Error(`${this.#calls.cublasLtGetStatusString(status)}, from ${call} of ${this.path}`);
  }
}

/** The largest power of two, up to 256, that divides an address. */
function alignmentOf(address: number): number {
  let alignment = 256;
  while (address % alignment !== 0) alignment /= 2;
  return alignment;
}

/** @throws UserError (device) where it is not found. */
export function openCublasLt(
  workspace: Workspace,
  env: NodeJS.ProcessEnv = process.env,
  majors: readonly number[] = [],
): CublasLt {
  return new CublasLt(requireLibrary('libcublasLt', env, majors), workspace);
}
