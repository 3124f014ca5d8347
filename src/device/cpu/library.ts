// The C ABI of the kernels, bound once per library. A tensor is passed as its address, declared as an integer because koffi
// passes a JavaScript number without conversion; undefined becomes a null pointer. Sizes are 64-bit, flags and dropout
// sites 32-bit. The kernels check nothing: callers check all arguments first.

import { closeSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { messageOf, UserError } from '../../errors.js';
import { loadablePath, type OpenedCode } from '../code-cache.js';
import type { Tensor } from '../tensor.js';

/** A tensor or a null pointer. */
const P = 'uintptr_t';
/** An address as a number. */
const U = 'uint64_t';
/** A JavaScript typed array, passed without a copy. */
const A = 'void *';
const N = 'int64_t';
const I = 'int32_t';
const F = 'float';
const D = 'double';

/** Result type, then parameter types. The kernels' comments document the parameters. */
const signatures = {
  allocate: [U, N],
  release: ['void', U, N],
  copy: ['void', P, P, N],
  fill: ['void', P, I, N],
  fill_bf16: ['void', P, F, N],
  set_threads: ['void', I],
  instruction_set: ['str'],

  matmul: ['void', P, P, P, I, N, N, N, I, I, I, I, P, P, I],
  matmul_bf16: ['void', P, I, P, P, N, N, N, I, I, I, I, P, P, I],
  has_bf16_unit: [I, I],
  use_bf16_unit: ['void', I],
  use_bf16_unit_in_attention: ['void', I],
  request_tiles: [I],
  has_q8_unit: [I, I],
  use_q8_unit: ['void', I],
  first_outside: [N, P, N, I, I],
  sum: ['void', P, P, N],
  sum_of_squares: ['void', P, P, N],
  prepare_update: ['void', P, P, P, D, D, D],
  adamw: ['void', P, P, P, P, P, D, D, D, D, N, N],
  adamw_bf16: ['void', P, P, P, P, P, P, D, D, D, D, N, N],
} as const;

/** Kernels with the same parameters for f32 and for bf16. The symbols of the latter end in _bf16. */
const typedSignatures = {
  sum_rows: ['void', P, P, N, N],

  embedding: ['void', P, P, P, P, P, I, F, I, P, N, N],
  embedding_backward: ['void', P, P, P, P, P, F, I, P, N, N],

  layernorm: ['void', P, P, P, P, P, F, N, N],
  residual_layernorm: ['void', P, P, P, P, P, P, P, F, F, I, P, N, N],
  layernorm_backward: ['void', P, P, P, P, P, P, P, P, F, I, P, N, N],

  attention: ['void', P, P, P, P, P, N, N, N, F, F, I, P],
  attention_backward: ['void', P, P, P, P, P, P, P, N, N, N, F, F, I, P],
  attention_cached: ['void', P, P, P, P, P, P, N, N, N, N, N, F],

  gather_rows: ['void', P, P, P, N, N],
  scatter_rows: ['void', P, P, P, N, N, N],

  cross_entropy: ['void', P, P, P, F, P, N, N, N],
} as const;

/** Kernels that read or fill JavaScript arrays. */
const arraySignatures = {
  upload: ['void', P, A, N],
  download: ['void', A, P, N],
  upload_bf16: ['void', P, A, N],
  download_bf16: ['void', A, P, N],
  upload_q8: ['void', P, A, N],
  download_q8: ['void', A, P, N],
} as const;
const arraySymbols = {
  upload: 'copy',
  download: 'copy',
  upload_bf16: 'narrow',
  download_bf16: 'widen',
  upload_q8: 'quantize',
  download_q8: 'dequantize',
} as const satisfies Record<keyof typeof arraySignatures, string>;

interface Values {
  uintptr_t: Tensor | undefined;
  uint64_t: number;
  'void *': Float32Array | Int32Array;
  int64_t: number;
  int32_t: number;
  float: number;
  double: number;
}
interface Results {
  uint64_t: number;
  int64_t: number;
  int32_t: number;
  str: string;
  void: unknown;
}
type Call<Signature> = Signature extends readonly [
  infer Returned extends keyof Results,
  ...infer Parameters extends readonly (keyof Values)[],
]
  ? (...values: { [At in keyof Parameters]: Values[Parameters[At]] }) => Results[Returned]
  : never;
type Calls<Signatures> = { readonly [Name in keyof Signatures]: Call<Signatures[Name]> };

type TypedKernels = Calls<typeof typedSignatures>;

export type NativeKernels = Calls<typeof signatures> &
  Calls<typeof arraySignatures> & { readonly f32: TypedKernels; readonly bf16: TypedKernels };

const loaded = new Map<string, NativeKernels>();

/**
 * Loads the kernels of a library through its open descriptor, which stays open: the loader identifies a library by the
 * path it was loaded from, and would mistake another library with the same descriptor for this one.
 * @throws UserError (device) if the operating system refuses to load it.
 */
export function loadKernels(code: OpenedCode): NativeKernels {
  const known = loaded.get(code.path);
  if (known !== undefined) {
    closeSync(code.descriptor);
    return known;
  }
  const library = open(code);
  const bound: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures))
    bound[name] = bind(library, `ct_${name}`, signature);
  for (const [name, symbol] of Object.entries(arraySymbols))
    bound[name] = bind(library, `ct_${symbol}`, arraySignatures[name as keyof typeof arraySymbols]);
  bound.f32 = bindTyped(library, '');
  bound.bf16 = bindTyped(library, '_bf16');
  const kernels = bound as NativeKernels;
  loaded.set(code.path, kernels);
  return kernels;
}

function bindTyped(library: LibraryHandle, ending: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(typedSignatures).map(([name, signature]) => [
      name,
      bind(library, `ct_${name}${ending}`, signature),
    ]),
  );
}

function bind(
  library: LibraryHandle,
  symbol: string,
  [returned, ...parameters]: readonly [string, ...string[]],
): (...values: unknown[]) => unknown {
  const call = library.func(symbol, returned, [...parameters]);
  const pointers = parameters.flatMap((type, at) => (type === P ? [at] : []));
  return (...values) => {
    for (const at of pointers) values[at] = addressOf(values[at]);
    return call(...values);
  };
}

function addressOf(value: unknown): number {
  return (value as Tensor | undefined)?.address ?? 0;
}

function open(code: OpenedCode): LibraryHandle {
  try {
    return koffi.load(loadablePath(code));
  } catch (thrown) {
    throw new UserError(
      'cpu-kernels-not-loaded',
      `the compiled CPU kernels ${code.path} do not load (${messageOf(thrown)}): if that folder is mounted noexec, set XDG_CACHE_HOME to another one.`,
      { cause: thrown },
    );
  }
}
