// The CUDA driver, bound from libcuda: one card's context, memory, modules, launches, streams, events and graphs. Every
// status is checked and becomes a sentence. Knows nothing of tensors. A context belongs to a thread, so all calls here
// are synchronous, on the thread that opened it. Addresses and handles are numbers (they have 48 bits).

import koffi from 'koffi';
import { A, bindLibrary, type Calls, I, N, Out, S, U, W } from './bindings.js';
import {
  driverFailure,
  isFatal,
  noSuchCard,
  notEnoughHostMemory,
  notEnoughMemory,
  openingFailure,
  outOfMemory,
} from './errors.js';
import {
  type KernelFunction,
  LaunchArguments,
  mostParameters,
  type ParameterType,
} from './launch-arguments.js';
import { openLibrary } from './libraries.js';

/** The C functions of libcuda that this file uses. The newest is cuGraphInstantiateWithFlags (CUDA 11.4). */
export const driverSignatures = {
  cuInit: [I, W],
  cuDriverGetVersion: [I, A],
  cuGetErrorName: [I, I, A],
  cuGetErrorString: [I, I, A],

  cuDeviceGetCount: [I, A],
  cuDeviceGet: [I, A, I],
  cuDeviceGetName: [I, A, I, I],
  cuDeviceTotalMem_v2: [I, A, I],
  cuDeviceGetAttribute: [I, A, I, I],
  cuDevicePrimaryCtxRetain: [I, A, I],
  cuDevicePrimaryCtxRelease_v2: [I, I],
  cuCtxSetCurrent: [I, U],
  cuCtxSynchronize: [I],

  cuMemGetInfo_v2: [I, A, A],
  cuMemAlloc_v2: [I, A, N],
  cuMemFree_v2: [I, U],
  cuMemHostAlloc: [I, A, N, W],
  cuMemFreeHost: [I, U],
  cuMemcpyHtoDAsync_v2: [I, U, A, N, U],
  cuMemcpyDtoHAsync_v2: [I, A, U, N, U],
  cuMemcpyDtoDAsync_v2: [I, U, U, N, U],
  cuMemsetD8Async: [I, U, I, N, U],
  cuMemsetD16Async: [I, U, W, N, U],
  cuMemsetD32Async: [I, U, W, N, U],

  cuModuleLoadData: [I, A, A],
  cuModuleGetFunction: [I, A, U, S],
  cuFuncGetAttribute: [I, A, I, U],
  cuFuncSetAttribute: [I, U, I, I],
  cuLaunchKernel: [I, U, W, W, W, W, W, W, W, U, A, A],

  cuStreamCreate: [I, A, W],
  cuStreamDestroy_v2: [I, U],
  cuStreamSynchronize: [I, U],
  cuStreamWaitEvent: [I, U, U, W],
  cuEventCreate: [I, A, W],
  cuEventDestroy_v2: [I, U],
  cuEventRecord: [I, U, U],
  cuEventSynchronize: [I, U],
  cuEventQuery: [I, U],

  cuStreamBeginCapture_v2: [I, U, I],
  cuStreamEndCapture: [I, U, A],
  cuGraphInstantiateWithFlags: [I, A, U, N],
  cuGraphDestroy: [I, U],
  cuGraphLaunch: [I, U, U],
  cuGraphExecDestroy: [I, U],
} as const;

declare const kind: unique symbol;
type Handle<Of extends string> = number & { readonly [kind]: Of };
export type Stream = Handle<'stream'>;
export type Event = Handle<'event'>;
/** A captured graph, ready to launch. */
export type Graph = Handle<'graph'>;
export type Module = Handle<'module'>;

export interface Card {
  readonly name: string;
  /** Major and minor version: [8, 0] is sm_80. */
  readonly computeCapability: readonly [major: number, minor: number];
  /** In bytes. */
  readonly totalMemory: number;
  readonly multiprocessors: number;
  /** The most dynamic shared memory that a block can request, in bytes. */
  readonly sharedMemoryPerBlock: number;
}

export interface Geometry {
  /** Blocks in x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Threads per block in x, y and z. */
  readonly block: readonly [number, number, number];
  /** Dynamic shared memory per block. */
  readonly sharedBytes: number;
}

/** Page-locked (pinned) host memory, through which copies to and from the card run at full speed. */
export interface HostMemory {
  readonly address: number;
  readonly bytes: ArrayBuffer;
}

const attribute = { multiprocessors: 16, major: 75, minor: 76, sharedMemoryPerBlock: 97 } as const;
const maxDynamicSharedBytes = 8;
/** CU_STREAM_NON_BLOCKING: the legacy default stream does not block it. */
const nonBlocking = 1;
/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL. */
const threadLocal = 1;
/** The dynamic shared memory that a block may use without a request. */
const defaultSharedBytes = 48 * 1024;
/** CU_EVENT_DISABLE_TIMING: event times are never read. */
const disableTiming = 2;
/** CUDA_ERROR_NOT_READY. */
const notReady = 600;

/**
 * Cards whose primary context this process keeps until it ends. cuBLASLt remembers what it loaded into a context, and
 * nothing guarantees that it notices when the context is destroyed and created again for the next device.
 */
const keptContexts = new Set<string>();

export class Driver {
  readonly #calls: Calls<typeof driverSignatures>;
  readonly #out = new Out();
  readonly #arguments = new LaunchArguments();
  /** The newest CUDA version that this driver supports: 12040 is CUDA 12.4. */
  readonly version: number;
  /**
   * Set once a device is complete. Until then a bad status explains why CUDA is unavailable; afterwards, what went
   * wrong.
   */
  opened = false;
  #card: number | undefined;
  #lost = false;

  /** @throws UnusableLibrary if the file is not a driver; CudaUnavailable if the driver does not start */
  constructor(readonly path: string) {
    const { calls, unload } = bindLibrary(path, driverSignatures);
    this.#calls = calls;
    try {
      this.#check('cuInit', this.#calls.cuInit(0));
      this.#check('cuDriverGetVersion', this.#calls.cuDriverGetVersion(this.#out.clear()));
    } catch (thrown) {
      // cuBLASLt asks the loader for libcuda.so.1 and would get this one although another is used.
      unload();
      throw thrown;
    }
    this.version = this.#out.int;
  }

  deviceCount(): number {
    this.#check('cuDeviceGetCount', this.#calls.cuDeviceGetCount(this.#out.clear()));
    return this.#out.int;
  }

  /** @throws UserError (device) if there is no such card */
  device(ordinal: number): Card {
    const device = this.#handleOf(ordinal);
    const name = new Uint8Array(256);
    this.#check('cuDeviceGetName', this.#calls.cuDeviceGetName(name, name.length, device));
    this.#check('cuDeviceTotalMem', this.#calls.cuDeviceTotalMem_v2(this.#out.clear(), device));
    const totalMemory = this.#out.long();
    const of = (which: number): number => {
      const status = this.#calls.cuDeviceGetAttribute(this.#out.clear(), which, device);
      this.#check('cuDeviceGetAttribute', status);
      return this.#out.int;
    };
    return {
      name: Buffer.from(name.subarray(0, name.indexOf(0))).toString('utf8'),
      computeCapability: [of(attribute.major), of(attribute.minor)],
      totalMemory,
      multiprocessors: of(attribute.multiprocessors),
      sharedMemoryPerBlock: of(attribute.sharedMemoryPerBlock),
    };
  }

  /**
   * Makes the card's context current; every later call concerns this card.
   * @throws UserError (device) if there is no such card
   */
  createContext(ordinal: number): void {
    const device = this.#handleOf(ordinal);
    this.#retain(device);
    this.#card = device;
    this.#check('cuCtxSetCurrent', this.#calls.cuCtxSetCurrent(this.#out.long()));
    const key = this.#contextKey(device);
    if (keptContexts.has(key)) return;
    this.#retain(device);
    keptContexts.add(key);
  }

  /** Releases the context, which another device of this process may share. Reports no errors if the card is lost. */
  destroyContext(): void {
    if (this.#card === undefined) return;
    const device = this.#card;
    this.#release('cuDevicePrimaryCtxRelease', this.#calls.cuDevicePrimaryCtxRelease_v2(device));
    this.#card = undefined;
    // A lost card's context is unusable, but a new one may work.
    if (this.#lost && keptContexts.delete(this.#contextKey(device)))
      this.#calls.cuDevicePrimaryCtxRelease_v2(device);
  }

  #retain(device: number): void {
    const status = this.#calls.cuDevicePrimaryCtxRetain(this.#out.clear(), device);
    this.#check('cuDevicePrimaryCtxRetain', status);
  }

  #contextKey(device: number): string {
    return `${this.path} ${device}`;
  }

  /** Whether a call has reported that the card can compute nothing more. */
  get lost(): boolean {
    return this.#lost;
  }

  #handleOf(ordinal: number): number {
    const count = this.deviceCount();
    if (ordinal >= count) throw noSuchCard(ordinal, count);
    this.#check('cuDeviceGet', this.#calls.cuDeviceGet(this.#out.clear(), ordinal));
    return this.#out.int;
  }

  /** Waits for all work queued on the card. */
  synchronize(): void {
    this.#check('cuCtxSynchronize', this.#calls.cuCtxSynchronize());
  }

  /* Memory, in bytes. */

  memGetInfo(): { readonly free: number; readonly total: number } {
    const out = this.#out.clear();
    this.#check('cuMemGetInfo', this.#calls.cuMemGetInfo_v2(out, out.subarray(8)));
    return { free: this.#out.long(0), total: this.#out.long(1) };
  }

  /**
   * Uninitialised memory, aligned to 256 bytes.
   * @param label what it is for
   * @throws UserError (device) if the card has too little free memory
   */
  alloc(bytes: number, label = 'this'): number {
    const status = this.#calls.cuMemAlloc_v2(this.#out.clear(), bytes);
    if (status === outOfMemory) throw notEnoughMemory(label, bytes, this.memGetInfo().free);
    this.#check('cuMemAlloc', status);
    return this.#out.long();
  }

  free(address: number): void {
    this.#release('cuMemFree', this.#calls.cuMemFree_v2(address));
  }

  allocHost(bytes: number): HostMemory {
    const status = this.#calls.cuMemHostAlloc(this.#out.clear(), bytes, 0);
    if (status === outOfMemory) throw notEnoughHostMemory(bytes);
    this.#check('cuMemHostAlloc', status);
    const address = this.#out.long();
    return { address, bytes: koffi.view(BigInt(address), bytes) };
  }

  /** Views of the memory must not be used afterwards. */
  freeHost({ address }: HostMemory): void {
    this.#release('cuMemFreeHost', this.#calls.cuMemFreeHost(address));
  }

  /** Returns before the copy is done if the source is page-locked, otherwise once the source has been read. */
  copyToDevice(target: number, source: ArrayBufferView, stream: Stream): void {
    const status = this.#calls.cuMemcpyHtoDAsync_v2(target, source, source.byteLength, stream);
    this.#check('cuMemcpyHtoDAsync', status);
  }

  /** Fills `target`, which is complete once the stream is synchronised. */
  copyToHost(target: ArrayBufferView, source: number, stream: Stream): void {
    const status = this.#calls.cuMemcpyDtoHAsync_v2(target, source, target.byteLength, stream);
    this.#check('cuMemcpyDtoHAsync', status);
  }

  copyOnDevice(target: number, source: number, bytes: number, stream: Stream): void {
    const status = this.#calls.cuMemcpyDtoDAsync_v2(target, source, bytes, stream);
    this.#check('cuMemcpyDtoDAsync', status);
  }

  memset8(target: number, value: number, bytes: number, stream: Stream): void {
    this.#check('cuMemsetD8Async', this.#calls.cuMemsetD8Async(target, value, bytes, stream));
  }

  /**
   * @param value 16 bits
   * @param count number of 16-bit values
   */
  memset16(target: number, value: number, count: number, stream: Stream): void {
    this.#check('cuMemsetD16Async', this.#calls.cuMemsetD16Async(target, value, count, stream));
  }

  /**
   * @param value 32 bits
   * @param count number of 32-bit values
   */
  memset32(target: number, value: number, count: number, stream: Stream): void {
    this.#check('cuMemsetD32Async', this.#calls.cuMemsetD32Async(target, value >>> 0, count, stream));
  }

  /* Kernels. */

  /**
   * @param image a cubin
   * @throws UserError (device) if it does not match this card or driver
   */
  loadModule(image: Uint8Array): Module {
    this.#check('cuModuleLoadData', this.#calls.cuModuleLoadData(this.#out.clear(), image));
    return this.#out.long() as Module;
  }

  function(module: Module, name: string, parameters: readonly ParameterType[]): KernelFunction {
    if (parameters.length > mostParameters) throw new RangeError(`${name}: ${parameters.length} parameters`);
    this.#check(
      'cuModuleGetFunction',
      this.#calls.cuModuleGetFunction(this.#out.clear(), module, name),
      name,
    );
    return { name, handle: this.#out.long(), parameters, state: { sharedBytes: defaultSharedBytes } };
  }

  /** Queues a kernel. The arguments are addresses and numbers in the order of the kernel's parameters. */
  launch(kernel: KernelFunction, geometry: Geometry, stream: Stream, values: readonly number[]): void {
    const { grid, block, sharedBytes } = geometry;
    const { handle, state } = kernel;
    if (sharedBytes > state.sharedBytes) {
      const status = this.#calls.cuFuncSetAttribute(handle, maxDynamicSharedBytes, sharedBytes);
      this.#check('cuFuncSetAttribute', status, kernel.name);
      state.sharedBytes = sharedBytes;
    }
    const packed = this.#arguments.pack(kernel, values);
    const status = this.#calls.cuLaunchKernel(handle, ...grid, ...block, sharedBytes, stream, packed, null);
    this.#check('cuLaunchKernel', status, kernel.name);
  }

  /* Streams and events. */

  createStream(): Stream {
    this.#check('cuStreamCreate', this.#calls.cuStreamCreate(this.#out.clear(), nonBlocking));
    return this.#out.long() as Stream;
  }

  destroyStream(stream: Stream): void {
    this.#release('cuStreamDestroy', this.#calls.cuStreamDestroy_v2(stream));
  }

  synchronizeStream(stream: Stream): void {
    this.#check('cuStreamSynchronize', this.#calls.cuStreamSynchronize(stream));
  }

  createEvent(): Event {
    this.#check('cuEventCreate', this.#calls.cuEventCreate(this.#out.clear(), disableTiming));
    return this.#out.long() as Event;
  }

  destroyEvent(event: Event): void {
    this.#release('cuEventDestroy', this.#calls.cuEventDestroy_v2(event));
  }

  recordEvent(event: Event, stream: Stream): void {
    this.#check('cuEventRecord', this.#calls.cuEventRecord(event, stream));
  }

  /** Work queued on the stream from now on waits for the work that precedes the event. */
  awaitEvent(stream: Stream, event: Event): void {
    this.#check('cuStreamWaitEvent', this.#calls.cuStreamWaitEvent(stream, event, 0));
  }

  /** Whether the work that precedes the event is done. */
  happened(event: Event): boolean {
    const status = this.#calls.cuEventQuery(event);
    if (status === notReady) return false;
    this.#check('cuEventQuery', status);
    return true;
  }

  synchronizeEvent(event: Event): void {
    this.#check('cuEventSynchronize', this.#calls.cuEventSynchronize(event));
  }

  /* Graphs. */

  /**
   * Captures the work that `work` queues on the stream, without running it. Copies to and from the host must be
   * page-locked.
   * @returns undefined if the card has no memory left for a graph
   */
  capture(stream: Stream, work: () => void): Graph | undefined {
    this.#check('cuStreamBeginCapture', this.#calls.cuStreamBeginCapture_v2(stream, threadLocal));
    let done = false;
    try {
      work();
      done = true;
    } finally {
      // The stream must end its capture even after an error.
      if (!done) this.#calls.cuStreamEndCapture(stream, this.#out.clear());
    }
    this.#check('cuStreamEndCapture', this.#calls.cuStreamEndCapture(stream, this.#out.clear()));
    const graph = this.#out.long();
    const status = this.#calls.cuGraphInstantiateWithFlags(this.#out.clear(), graph, 0);
    const executable = this.#out.long();
    this.#release('cuGraphDestroy', this.#calls.cuGraphDestroy(graph));
    if (status === outOfMemory) return undefined;
    this.#check('cuGraphInstantiate', status);
    return executable as Graph;
  }

  /**
   * @returns false, with nothing queued, if the card has no memory left for the graph; the first launch allocates it
   */
  launchGraph(graph: Graph, stream: Stream): boolean {
    const status = this.#calls.cuGraphLaunch(graph, stream);
    if (status === outOfMemory) return false;
    this.#check('cuGraphLaunch', status);
    return true;
  }

  destroyGraph(graph: Graph): void {
    this.#release('cuGraphExecDestroy', this.#calls.cuGraphExecDestroy(graph));
  }

  #check(call: string, status: number, subject?: string): void {
    if (status === 0) return;
    if (this.#card !== undefined && isFatal(status)) this.#lost = true;
    const known = (['cuGetErrorName', 'cuGetErrorString'] as const).map((text) => this.#text(text, status));
    const words = [...new Set(known)].join(': ');
    const failure = { status, call: subject === undefined ? call : `${call} of ${subject}`, words };
    throw this.opened ? driverFailure(failure) : openingFailure(failure);
  }

  /** Errors about a lost card's resources are ignored: they are gone anyway. */
  #release(call: string, status: number): void {
    if (!this.#lost && !isFatal(status)) this.#check(call, status);
  }

  #text(call: 'cuGetErrorName' | 'cuGetErrorString', status: number): string {
    const place = new BigUint64Array(1);
    if (this.#calls[call](status, place) !== 0 || place[0] === undefined || place[0] === 0n)
      return `status ${status}`;
    return koffi.decode.string(place[0]);
  }
}

/**
 * Opens the driver. Kernels are loaded when they are first launched, as is the default from CUDA 12.2 on: cuBLASLt has
 * hundreds of megabytes of them, and a run needs only a few. CUDA_MODULE_LOADING, in `env` or in the process, overrides
 * this. The driver reads the process environment, so the variable is set there if it is missing.
 * @throws CudaUnavailable if there is no driver, or none that works
 */
export function openDriver(env: NodeJS.ProcessEnv = process.env): Driver {
  process.env.CUDA_MODULE_LOADING ??= env.CUDA_MODULE_LOADING ?? 'LAZY';
  return openLibrary('libcuda', { env }, (path) => new Driver(path));
}
