// The emulated card through its plain C calls, for the emulator's own tests. They can also call what our bindings do
// not use, and see every status unchanged. Device addresses are numbers.

import { join } from 'node:path';
import koffi from 'koffi';
import { emulatorFolder } from './build.js';

export interface Shape {
  readonly grid?: number;
  readonly block?: number;
  readonly shared?: number;
  readonly stream?: number;
}

/** An address, or a 4-byte number. */
export type Argument = number | { readonly int: number } | { readonly float: number };

type Call = (...values: unknown[]) => number;

export class Card {
  readonly driver: Record<string, Call>;
  readonly nvrtc: Record<string, Call>;
  readonly blas: Record<string, Call>;
  #retained = false;

  constructor(folder = emulatorFolder()) {
    this.driver = calls(join(folder, 'libcuda.so.1'));
    this.nvrtc = calls(join(folder, 'libnvrtc.so.13'));
    this.blas = calls(join(folder, 'libcublasLt.so.13'));
  }

  /** Makes a new context current, without errors and without anything that existed before. */
  begin(): void {
    this.call('cuInit', 0);
    if (this.#retained) this.status('cuDevicePrimaryCtxRelease_v2', 0);
    this.call('cuDevicePrimaryCtxReset_v2', 0);
    this.call('cuCtxSetCurrent', this.out('cuDevicePrimaryCtxRetain', 0));
    this.#retained = true;
  }

  status(name: string, ...values: unknown[]): number {
    const call = this.driver[name];
    if (call === undefined) throw new Error(`no ${name}`);
    return call(...values);
  }

  /** @throws Error if the status is not 0 */
  call(name: string, ...values: unknown[]): void {
    const status = this.status(name, ...values);
    if (status !== 0) throw new Error(`${name}: ${status} ${this.words(status)}`);
  }

  /** The value that a call writes to its first parameter. */
  out(name: string, ...values: unknown[]): number {
    const written = new BigUint64Array(1);
    this.call(name, written, ...values);
    return Number(written[0]);
  }

  /** For example CUDA_ERROR_INVALID_VALUE. */
  name(status: number): string {
    return this.#text('cuGetErrorName', status);
  }

  /** For an error that a kernel caused: what the emulator saw. */
  words(status: number): string {
    return this.#text('cuGetErrorString', status);
  }

  #text(call: string, status: number): string {
    const text = new BigUint64Array(1);
    this.status(call, status, text);
    return text[0] ? (koffi.decode(text[0], 'char', -1) as string) : '';
  }

  allocate(bytes: number): number {
    return this.out('cuMemAlloc_v2', bytes);
  }

  /** Allocates device memory and fills it with these numbers. */
  upload(data: Float32Array | Uint16Array | Int32Array): number {
    const address = this.allocate(data.byteLength);
    this.call('cuMemcpyHtoD_v2', address, data, data.byteLength);
    return address;
  }

  download(address: number, length: number): Float32Array {
    const data = new Float32Array(length);
    this.call('cuMemcpyDtoH_v2', data, address, data.byteLength);
    return data;
  }

  /** @returns the status, the compiler's log and the machine code */
  compile(source: string, ...options: string[]): { status: number; log: string; image: Uint8Array } {
    const { nvrtc } = this;
    const out = new BigUint64Array(1);
    nvrtc.nvrtcCreateProgram?.(out, Buffer.from(`${source}\0`), Buffer.from('kernels.cu\0'), 0, null, null);
    const program = Number(out[0]);
    const texts = ['--gpu-architecture=sm_90', ...options].map((option) => Buffer.from(`${option}\0`));
    const pointers = BigUint64Array.from(texts, (text) => koffi.address(text));
    const status = nvrtc.nvrtcCompileProgram?.(program, texts.length, pointers) ?? -1;
    nvrtc.nvrtcGetProgramLogSize?.(program, out);
    const log = Buffer.alloc(Number(out[0]));
    nvrtc.nvrtcGetProgramLog?.(program, log);
    nvrtc.nvrtcGetCUBINSize?.(program, out);
    const image = new Uint8Array(Number(out[0]));
    if (image.length > 0) nvrtc.nvrtcGetCUBIN?.(program, image);
    nvrtc.nvrtcDestroyProgram?.(BigUint64Array.of(BigInt(program)));
    return { status, log: log.toString('utf8', 0, Math.max(0, log.length - 1)), image };
  }

  /**
   * The machine code of a source.
   * @throws Error with the log if it does not compile
   */
  image(source: string): Uint8Array {
    const { status, log, image } = this.compile(source);
    if (status !== 0) throw new Error(log);
    return image;
  }

  kernel(module: number, name: string): number {
    return this.out('cuModuleGetFunction', module, Buffer.from(`${name}\0`));
  }

  /** @returns the status of the launch itself */
  launch(kernel: number, shape: Shape, ...values: Argument[]): number {
    const { grid = 1, block = 32, shared = 0, stream = 0 } = shape;
    const places = values.map((value) => {
      if (typeof value === 'number') return BigUint64Array.of(BigInt(value));
      return 'int' in value ? Int32Array.of(value.int) : Float32Array.of(value.float);
    });
    const pointers = BigUint64Array.from(places, (place) => koffi.address(place));
    return this.status('cuLaunchKernel', kernel, grid, 1, 1, block, 1, 1, shared, stream, pointers, null);
  }

  /** The status after a kernel has run, and the emulator's error text. */
  run(kernel: number, shape: Shape, ...values: Argument[]): { status: number; words: string } {
    const launched = this.launch(kernel, shape, ...values);
    const status = launched || this.status('cuCtxSynchronize');
    return { status, words: this.words(status) };
  }
}

const U = 'uint64_t';
const I = 'int';
const P = 'void *';
const signatures: Readonly<Record<string, readonly string[]>> = {
  cuInit: [I],
  cuDriverGetVersion: [P],
  cuGetErrorName: [I, P],
  cuGetErrorString: [I, P],
  cuDeviceGetCount: [P],
  cuDeviceGetAttribute: [P, I, I],
  cuDevicePrimaryCtxRetain: [P, I],
  cuDevicePrimaryCtxRelease_v2: [I],
  cuDevicePrimaryCtxReset_v2: [I],
  cuDevicePrimaryCtxGetState: [I, P, P],
  cuCtxCreate_v2: [P, I, I],
  cuCtxDestroy_v2: [U],
  cuCtxSetCurrent: [U],
  cuCtxGetCurrent: [P],
  cuCtxSynchronize: [],
  cuMemGetInfo_v2: [P, P],
  cuMemAlloc_v2: [P, U],
  cuMemFree_v2: [U],
  cuMemHostAlloc: [P, U, I],
  cuMemFreeHost: [U],
  cuMemcpyHtoD_v2: [U, P, U],
  cuMemcpyDtoH_v2: [P, U, U],
  cuMemcpyHtoDAsync_v2: [U, U, U, U],
  cuMemcpyDtoHAsync_v2: [U, U, U, U],
  cuMemcpyDtoDAsync_v2: [U, U, U, U],
  cuMemsetD32Async: [U, 'uint32_t', U, U],
  cuModuleLoadData: [P, P],
  cuModuleUnload: [U],
  cuModuleGetFunction: [P, U, P],
  cuFuncGetAttribute: [P, I, U],
  cuFuncSetAttribute: [U, I, I],
  cuLaunchKernel: [U, I, I, I, I, I, I, I, U, P, P],
  cuStreamCreate: [P, I],
  cuStreamDestroy_v2: [U],
  cuStreamSynchronize: [U],
  cuStreamQuery: [U],
  cuStreamWaitEvent: [U, U, I],
  cuEventCreate: [P, I],
  cuEventDestroy_v2: [U],
  cuEventRecord: [U, U],
  cuEventQuery: [U],
  cuEventSynchronize: [U],
  cuEventElapsedTime_v2: [P, U, U],
  cuStreamBeginCapture_v2: [U, I],
  cuStreamEndCapture: [U, P],
  cuGraphInstantiateWithFlags: [P, U, U],
  cuGraphGetNodes: [U, P, P],
  cuGraphLaunch: [U, U],
  cuGraphExecDestroy: [U],
  cuGraphDestroy: [U],
  nvrtcCreateProgram: [P, P, P, I, P, P],
  nvrtcDestroyProgram: [P],
  nvrtcCompileProgram: [U, I, P],
  nvrtcGetProgramLogSize: [U, P],
  nvrtcGetProgramLog: [U, P],
  nvrtcGetCUBINSize: [U, P],
  nvrtcGetCUBIN: [U, P],
  cublasLtCreate: [P],
  cublasLtDestroy: [U],
  cublasLtMatmulDescCreate: [P, I, I],
  cublasLtMatmulDescSetAttribute: [U, I, P, U],
  cublasLtMatrixLayoutCreate: [P, I, U, U, 'int64_t'],
  cublasLtMatmulPreferenceCreate: [P],
  cublasLtMatmulPreferenceSetAttribute: [U, I, P, U],
  cublasLtMatmulAlgoGetHeuristic: [U, U, U, U, U, U, U, I, P, P],
  cublasLtMatmulAlgoConfigGetAttribute: [P, I, P, U, P],
  cublasLtMatmul: [U, U, P, U, U, U, U, P, U, U, U, U, P, U, U, U],
};

function calls(path: string): Record<string, Call> {
  const library = koffi.load(path);
  const [prefix = ''] = /(cuda|nvrtc|cublasLt)/.exec(path.slice(path.lastIndexOf('/'))) ?? [];
  const own = prefix === 'cuda' ? /^cu[A-Z]/ : new RegExp(`^${prefix}`);
  return Object.fromEntries(
    Object.entries(signatures)
      .filter(([name]) => own.test(name))
      .map(([name, parameters]) => [name, library.func(name, 'int', [...parameters])]),
  );
}
