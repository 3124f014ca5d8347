// NVIDIA's run-time compiler: compiles CUDA C++ to machine code for one architecture. Needs neither a card nor a
// driver. Knows nothing of our kernels.

import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { A, addressOf, bind, type Calls, I, Out, S, U } from './bindings.js';
import { UnusableLibrary } from './errors.js';
import { openLibrary, type Wanted } from './libraries.js';

/** The C functions of libnvrtc that this file uses. */
export const nvrtcSignatures = {
  nvrtcVersion: [I, A, A],
  nvrtcGetErrorString: [S, I],
  nvrtcGetNumSupportedArchs: [I, A],
  nvrtcGetSupportedArchs: [I, A],
  nvrtcCreateProgram: [I, A, S, S, I, A, A],
  nvrtcDestroyProgram: [I, A],
  nvrtcCompileProgram: [I, U, I, A],
  nvrtcGetProgramLogSize: [I, U, A],
  nvrtcGetProgramLog: [I, U, A],
  nvrtcGetCUBINSize: [I, U, A],
  nvrtcGetCUBIN: [I, U, A],
} as const;

export interface Compiled {
  /** An ELF image (cubin) for the requested architecture. */
  readonly image: Uint8Array;
  /** Warnings, and the output of options such as -Xptxas=-v. */
  readonly log: string;
}

/**
 * Loads NVRTC's builtins. NVRTC opens that library by its bare name when it compiles, and some versions do not search
 * their own folder. A library that the process has already loaded is found by its name.
 */
function loadBuiltins(path: string): void {
  const folder = dirname(realpathSync(path));
  for (const file of readdirSync(folder))
    if (/^libnvrtc-builtins\.so\.[\d.]+$/.test(file))
      try {
        koffi.load(join(folder, file));
      } catch {
        // It may be of another version. NVRTC reports it if its own is missing.
      }
}

const compilationFailed = 6;

export class Nvrtc {
  readonly #calls: Calls<typeof nvrtcSignatures>;
  readonly #out = new Out();
  /** For example `12.9`. */
  readonly version: string;
  /** Numbers without the prefix: 90 for sm_90. */
  readonly architectures: readonly number[];

  /** @throws UnusableLibrary if it does not load */
  constructor(readonly path: string) {
    this.#calls = bind(path, nvrtcSignatures);
    loadBuiltins(path);
    const numbers = new Int32Array(2);
    this.#check('nvrtcVersion', this.#calls.nvrtcVersion(numbers, numbers.subarray(1)));
    this.version = numbers.join('.');
    this.#check('nvrtcGetNumSupportedArchs', this.#calls.nvrtcGetNumSupportedArchs(this.#out.clear()));
    const architectures = new Int32Array(this.#out.int);
    this.#check('nvrtcGetSupportedArchs', this.#calls.nvrtcGetSupportedArchs(architectures));
    this.architectures = [...architectures];
  }

  /**
   * @param name the source's name in messages
   * @param options for example --gpu-architecture=sm_90
   * @throws Error with the compiler's log if it rejects the source or an option
   */
  compile(source: string, name: string, options: readonly string[]): Compiled {
    const calls = this.#calls;
    const out = this.#out;
    this.#check('nvrtcCreateProgram', calls.nvrtcCreateProgram(out.clear(), source, name, 0, null, null));
    const program = out.long();
    try {
      const status = withStrings(options, (pointers) =>
        calls.nvrtcCompileProgram(program, options.length, pointers),
      );
      const log = this.#log(program);
      if (status === compilationFailed) throw new Error(`${name} does not compile:\n${log}`);
      this.#check('nvrtcCompileProgram', status, log);
      this.#check('nvrtcGetCUBINSize', calls.nvrtcGetCUBINSize(program, out.clear()));
      const image = new Uint8Array(out.long());
      this.#check('nvrtcGetCUBIN', calls.nvrtcGetCUBIN(program, image));
      return { image, log };
    } finally {
      calls.nvrtcDestroyProgram(BigUint64Array.of(BigInt(program)));
    }
  }

  #log(program: number): string {
    const out = this.#out;
    this.#check('nvrtcGetProgramLogSize', this.#calls.nvrtcGetProgramLogSize(program, out.clear()));
    const text = new Uint8Array(out.long());
    if (text.length === 0) return '';
    this.#check('nvrtcGetProgramLog', this.#calls.nvrtcGetProgramLog(program, text));
    const end = text.indexOf(0);
    return Buffer.from(text.subarray(0, end < 0 ? text.length : end))
      .toString('utf8')
      .trim();
  }

  #check(call: string, status: number, log = ''): void {
    if (status === 0) return;
    const words = this.#calls.nvrtcGetErrorString(status);
    throw new Error(`${words}, from ${call} of ${this.path}${log === '' ? '' : `:\n${log}`}`);
  }
}

/** Calls `call` with a char*[] of the texts. */
function withStrings<Result>(texts: readonly string[], call: (pointers: BigUint64Array) => Result): Result {
  const bytes = texts.map((text) => Buffer.from(`${text}\0`, 'utf8'));
  const pointers = BigUint64Array.from(bytes, addressOf);
  return call(pointers);
}

/**
 * Opens a compiler that knows the card.
 * @throws CudaUnavailable if there is none
 */
export function openNvrtc(wanted: Wanted, computeCapability: readonly [number, number]): Nvrtc {
  return openLibrary('libnvrtc', wanted, (path) => {
    const nvrtc = new Nvrtc(path);
    architectureOf(nvrtc, computeCapability);
    return nvrtc;
  });
}

/**
 * The architecture to compile for, such as `sm_90`.
 * @throws UnusableLibrary if this compiler does not know the card
 */
export function architectureOf(
  nvrtc: Pick<Nvrtc, 'path' | 'version' | 'architectures'>,
  [major, minor]: readonly [number, number],
): string {
  const wanted = 10 * major + minor;
  if (nvrtc.architectures.includes(wanted)) return `sm_${wanted}`;
  // Machine code for a major version runs on every later minor version.
  const near = nvrtc.architectures.filter((known) => Math.floor(known / 10) === major && known < wanted);
  if (near.length > 0) return `sm_${Math.max(...near)}`;
  throw new UnusableLibrary(
    `${nvrtc.path} (CUDA ${nvrtc.version}) cannot compile for this GPU's sm_${wanted}`,
    '--upgrade',
  );
}
