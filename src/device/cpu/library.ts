// The C ABI of the kernels, bound once a library. Pointers are declared as integers, so that a tensor's address (a
// JavaScript number) passes straight; sizes are 64-bit, flags and sites 32-bit, 0 stands for no pointer.

import koffi from 'koffi';
import { messageOf, UserError } from '../../errors.js';

const P = 'uintptr_t';
/** A typed array of JavaScript, passed without a copy. */
const A = 'void *';
const N = 'int64_t';
const I = 'int32_t';
const F = 'float';
const D = 'double';

/** result, ...arguments; the kernels' own comments say what each is. */
const signatures = {
  allocate: [P, N],
  release: ['void', P, N],
  copy: ['void', P, P, N],
  fill: ['void', P, I, N],
  set_threads: ['void', I],
  has_threads: [I],
  instruction_set: ['str'],

  matmul: ['void', P, P, P, N, N, N, I, I, I, I, P, P, I],
  sum_rows: ['void', P, P, N, N],

  embedding: ['void', P, P, P, P, P, F, I, P, N, N],
  embedding_backward: ['void', P, P, P, P, P, F, I, P, N, N],

  layernorm: ['void', P, P, P, P, P, F, N, N],
  residual_layernorm: ['void', P, P, P, P, P, P, P, F, F, I, P, N, N],
  layernorm_backward: ['void', P, P, P, P, P, P, P, N, N],
  dropout: ['void', P, P, F, I, P, N, N],

  attention: ['void', P, P, P, P, P, N, N, N, F, F, I, P],
  attention_backward: ['void', P, P, P, P, P, P, P, N, N, N, F, F, I, P],
  attention_cached: ['void', P, P, P, P, P, N, N, N, N, N, F],

  first_outside: [N, P, N, I, I],
  gather_rows: ['void', P, P, P, N, N],
  scatter_rows: ['void', P, P, P, N, N, N],

  cross_entropy: ['void', P, P, P, F, P, N, N],
  sum: ['void', P, P, N],
  sum_of_squares: ['void', P, P, N],
  clip_coefficient: ['void', P, P, D],
  adamw: ['void', P, P, P, P, P, D, D, D, D, N],
} as const;

/** `copy` again, from and to arrays of JavaScript. */
const arraySignatures = {
  upload: ['copy', P, A, N],
  download: ['copy', A, P, N],
} as const;

type Numbers<Arguments extends readonly string[]> = { [At in keyof Arguments]: number };
type Result<Name> = Name extends 'void' ? void : Name extends 'str' ? string : number;

export type Kernels = {
  readonly [Name in keyof typeof signatures]: (typeof signatures)[Name] extends readonly [
    infer Returned,
    ...infer Arguments extends readonly string[],
  ]
    ? (...values: Numbers<Arguments>) => Result<Returned>
    : never;
} & {
  readonly upload: (target: number, source: Float32Array | Int32Array, bytes: number) => void;
  readonly download: (target: Float32Array, source: number, bytes: number) => void;
};

const loaded = new Map<string, Kernels>();

/** @throws UserError (device) where the operating system refuses to load it. */
export function loadKernels(path: string): Kernels {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const library = open(path);
  const bound: Record<string, unknown> = {};
  for (const [name, [returned, ...parameters]] of Object.entries(signatures))
    bound[name] = library.func(`ct_${name}`, returned, parameters);
  for (const [name, [symbol, ...parameters]] of Object.entries(arraySignatures))
    bound[name] = library.func(`ct_${symbol}`, 'void', parameters);
  const kernels = bound as Kernels;
  loaded.set(path, kernels);
  return kernels;
}

function open(path: string): koffi.LibraryHandle {
  try {
    return koffi.load(path);
  } catch (thrown) {
    throw new UserError(
      'device',
      `the compiled CPU kernels ${path} do not load (${messageOf(thrown)}): where that folder forbids programs, name another in XDG_CACHE_HOME.`,
      { cause: thrown },
    );
  }
}
