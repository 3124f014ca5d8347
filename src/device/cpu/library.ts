// The C ABI of the kernels, bound once per library. A tensor is passed as its address, declared as an integer because koffi
// passes a JavaScript number without conversion; undefined becomes a null pointer. Sizes are 64-bit, flags and dropout
// sites 32-bit. The kernels check nothing: callers check all arguments first. Every call tells `packedMatrices` what it writes.

import { closeSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { messageOf, UserError } from '../../errors.js';
import { loadablePath, type OpenedCode } from '../code-cache.js';
import { bytesPerElement, type Tensor } from '../tensor.js';
import { PackedMatrices } from './packed-matrices.js';

/** A tensor that is read, or a null pointer. */
const R = 'read';
/** A tensor that is or may be written, or a null pointer. */
const W = 'written';
/** An address as a number. */
const U = 'uint64_t';
/** A JavaScript typed array, passed without a copy: read or written. */
const A = 'void *';
const N = 'int64_t';
const I = 'int32_t';
const F = 'float';
const D = 'double';

/** Result type, then parameter types. The kernels' comments document the parameters. */
export const signatures = {
  allocate: [U, N],
  release: ['void', U, N],
  copy: ['void', W, R, N],
  fill: ['void', W, I, N],
  fill_bf16: ['void', W, F, N],
  set_threads: ['void', I],
  instruction_set: ['str'],

  matmul: ['void', W, R, R, I, N, N, N, I, I, I, I, R, W, I],
  matmul_bf16: [I, W, I, R, R, N, N, N, I, I, I, I, R, W, I, W, I],
  matmul_bf16_by_f32: [I, W, I, R, R, N, N, N, I, I, I, I, R, W, I, W, I],
  has_bf16_unit: [I, I],
  use_bf16_unit: ['void', I],
  use_bf16_unit_in_attention: ['void', I],
  request_tiles: [I],
  has_q8_unit: [I, I],
  use_q8_unit: ['void', I],
  first_outside: [N, R, N, I, I],
  sum: ['void', W, R, N],
  sum_of_squares: ['void', W, R, N],
  prepare_update: ['void', W, R, W, D, D, D],
  adamw: ['void', W, W, W, W, R, D, D, D, D, N, N],
  adamw_bf16: ['void', W, W, W, W, W, R, D, D, D, D, N, N],
} as const;

/** Kernels with the same parameters for f32 and for bf16. The symbols of the latter end in _bf16. */
export const typedSignatures = {
  sum_rows: ['void', W, R, N, N],

  embedding: ['void', W, R, R, R, R, I, F, I, R, N, N],
  embedding_backward: ['void', W, W, R, R, R, F, I, R, N, N],

  layernorm: ['void', W, W, R, R, R, F, N, N],
  residual_layernorm: ['void', W, W, W, R, R, R, R, F, F, I, R, N, N],
  layernorm_backward: ['void', W, W, W, W, R, R, R, R, F, I, R, N, N],

  attention: ['void', W, W, R, R, R, N, N, N, F, F, I, R],
  attention_backward: ['void', W, R, R, R, R, R, R, N, N, N, F, F, I, R],
  attention_cached: ['void', W, R, W, W, R, R, N, N, N, N, N, F],

  gather_rows: ['void', W, R, R, N, N],
  scatter_rows: ['void', W, R, R, N, N, N],

  cross_entropy: ['void', W, W, R, F, R, N, N, N],
} as const;

/** Kernels that read or fill JavaScript arrays. */
export const arraySignatures = {
  upload: ['void', W, A, N],
  download: ['void', A, R, N],
  upload_bf16: ['void', W, A, N],
  download_bf16: ['void', A, R, N],
  upload_q8: ['void', W, A, N],
  download_q8: ['void', A, R, N],
} as const;
export const arraySymbols = {
  upload: 'copy',
  download: 'copy',
  upload_bf16: 'narrow',
  download_bf16: 'widen',
  upload_q8: 'quantize',
  download_q8: 'dequantize',
} as const satisfies Record<keyof typeof arraySignatures, string>;

interface Values {
  read: Tensor | undefined;
  written: Tensor | undefined;
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
type Signature = readonly [returned: string, ...parameters: string[]];
type Call<Of> = Of extends readonly [
  infer Returned extends keyof Results,
  ...infer Parameters extends readonly (keyof Values)[],
]
  ? (...values: { [At in keyof Parameters]: Values[Parameters[At]] }) => Results[Returned]
  : never;
type Calls<Signatures> = { readonly [Name in keyof Signatures]: Call<Signatures[Name]> };

type TypedKernels = Calls<typeof typedSignatures>;

export type NativeKernels = Calls<typeof signatures> &
  Calls<typeof arraySignatures> & {
    readonly f32: TypedKernels;
    readonly bf16: TypedKernels;
    /** Shared by all devices of these kernels. */
    readonly packedMatrices: PackedMatrices;
  };

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
  const packedMatrices = new PackedMatrices();
  const bind = (symbol: string, signature: Signature) => bound(library, packedMatrices, symbol, signature);
  const functions: Record<string, unknown> = {};
  for (const [name, signature] of Object.entries(signatures)) functions[name] = bind(`ct_${name}`, signature);
  for (const [name, symbol] of Object.entries(arraySymbols))
    functions[name] = bind(`ct_${symbol}`, arraySignatures[name as keyof typeof arraySymbols]);
  const typed = (ending: string) =>
    Object.fromEntries(
      Object.entries(typedSignatures).map(([name, signature]) => {
        return [name, bind(`ct_${name}${ending}`, signature)];
      }),
    );
  const bindings = { ...functions, f32: typed(''), bf16: typed('_bf16'), packedMatrices } as NativeKernels;
  const kernels: NativeKernels = {
    ...bindings,
    // The memory's next owner writes to it.
    release(address, bytes) {
      packedMatrices.wrote(address, bytes);
      bindings.release(address, bytes);
    },
  };
  loaded.set(code.path, kernels);
  return kernels;
}

function bound(
  library: LibraryHandle,
  packedMatrices: PackedMatrices,
  symbol: string,
  [returned, ...parameters]: Signature,
): (...values: unknown[]) => unknown {
  const isTensor = (type: string) => type === R || type === W;
  const positions = (wanted: (type: string) => boolean) =>
    parameters.flatMap((type, at) => (wanted(type) ? [at] : []));
  const types = parameters.map((type) => (isTensor(type) ? 'uintptr_t' : type));
  const call = library.func(symbol, returned, types);
  const [tensors, written] = [positions(isTensor), positions((type) => type === W)];
  return (...values) => {
    for (const at of written) noteWrite(packedMatrices, values[at] as Tensor | undefined);
    for (const at of tensors) values[at] = addressOf(values[at]);
    return call(...values);
  };
}

function noteWrite(packedMatrices: PackedMatrices, tensor: Tensor | undefined): void {
  if (tensor) packedMatrices.wrote(tensor.address, tensor.size * bytesPerElement[tensor.dtype]);
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
