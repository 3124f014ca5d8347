// The CUDA driver: one card's context, memory, modules and launches. Knows nothing of tensors. A context belongs to a thread, so all calls here
// are synchronous, on the thread that opened it. Addresses and handles are numbers (they have 48 bits).

import koffi from 'koffi';
import type { Out } from './bindings.js';
import { DriverCalls, type DriverFunctions, type Handle } from './driver-calls.js';
import { noSuchCard, notEnoughHostMemory, notEnoughMemory, outOfMemory } from './errors.js';
import {
  type Geometry,
  type KernelFunction,
  LaunchArguments,
  mostParameters,
  type ParameterType,
} from './launch-arguments.js';
import { openLibrary } from './libraries.js';
import { type Stream, Streams } from './streams.js';

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

/** Page-locked (pinned) host memory, through which copies to and from the card run at full speed. */
export interface HostMemory {
  readonly address: number;
  readonly bytes: ArrayBuffer;
}

const attribute = { multiprocessors: 16, major: 75, minor: 76, sharedMemoryPerBlock: 97 } as const;
const maxDynamicSharedBytes = 8;
/** The dynamic shared memory that a block may use without a request. */
const defaultSharedBytes = 48 * 1024;

/**
 * Cards whose primary context this process keeps until it ends. cuBLASLt remembers what it loaded into a context, and
 * nothing guarantees that it notices when the context is destroyed and created again for the next device.
 */
const keptContexts = new Set<string>();

export class Driver {
  readonly #driver: DriverCalls;
  readonly #calls: DriverFunctions;
  readonly #out: Out;
  /** Streams, events and graphs. */
  readonly streams: Streams;
  readonly #arguments = new LaunchArguments();
  /** The newest CUDA version that this driver supports: 12040 is CUDA 12.4. */
  readonly version: number;
  #card: number | undefined;

  /** @throws UnusableLibrary if the file is not a driver; CudaUnavailable if the driver does not start */
  constructor(readonly path: string) {
    this.#driver = new DriverCalls(path);
    this.#calls = this.#driver.functions;
    this.#out = this.#driver.out;
    this.streams = new Streams(this.#driver);
    try {
      this.#driver.check('cuInit', this.#calls.cuInit(0));
      this.#driver.check('cuDriverGetVersion', this.#calls.cuDriverGetVersion(this.#out.clear()));
    } catch (thrown) {
      // cuBLASLt asks the loader for libcuda.so.1 and would get this one although another is used.
      this.#driver.unload();
      throw thrown;
    }
    this.version = this.#out.int;
  }

  deviceCount(): number {
    this.#driver.check('cuDeviceGetCount', this.#calls.cuDeviceGetCount(this.#out.clear()));
    return this.#out.int;
  }

  /** @throws UserError (device) if there is no such card */
  device(ordinal: number): Card {
    const device = this.#handleOf(ordinal);
    const name = new Uint8Array(256);
    this.#driver.check('cuDeviceGetName', this.#calls.cuDeviceGetName(name, name.length, device));
    this.#driver.check('cuDeviceTotalMem', this.#calls.cuDeviceTotalMem_v2(this.#out.clear(), device));
    const totalMemory = this.#out.long();
    const of = (which: number): number => {
      const status = this.#calls.cuDeviceGetAttribute(this.#out.clear(), which, device);
      this.#driver.check('cuDeviceGetAttribute', status);
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
    this.#driver.hasContext = true;
    this.#driver.check('cuCtxSetCurrent', this.#calls.cuCtxSetCurrent(this.#out.long()));
    const key = this.#contextKey(device);
    if (keptContexts.has(key)) return;
    this.#retain(device);
    keptContexts.add(key);
  }

  /** Releases the context, which another device of this process may share. Reports no errors if the card is lost. */
  destroyContext(): void {
    if (this.#card === undefined) return;
    const device = this.#card;
    this.#driver.release('cuDevicePrimaryCtxRelease', this.#calls.cuDevicePrimaryCtxRelease_v2(device));
    this.#card = undefined;
    this.#driver.hasContext = false;
    // A lost card's context is unusable, but a new one may work.
    if (this.lost && keptContexts.delete(this.#contextKey(device)))
      this.#calls.cuDevicePrimaryCtxRelease_v2(device);
  }

  #retain(device: number): void {
    const status = this.#calls.cuDevicePrimaryCtxRetain(this.#out.clear(), device);
    this.#driver.check('cuDevicePrimaryCtxRetain', status);
  }

  #contextKey(device: number): string {
    return `${this.path} ${device}`;
  }

  /** Whether a call has reported that the card can compute nothing more. */
  get lost(): boolean {
    return this.#driver.lost;
  }

  /** Called once a device is complete: from now on, a bad status is not a reason why CUDA is unavailable. */
  markOpened(): void {
    this.#driver.opened = true;
  }

  #handleOf(ordinal: number): number {
    const count = this.deviceCount();
    if (ordinal >= count) throw noSuchCard(ordinal, count);
    this.#driver.check('cuDeviceGet', this.#calls.cuDeviceGet(this.#out.clear(), ordinal));
    return this.#out.int;
  }

  /** Waits for all work queued on the card. */
  synchronize(): void {
    this.#driver.check('cuCtxSynchronize', this.#calls.cuCtxSynchronize());
  }

  /* Memory, in bytes. */

  memGetInfo(): { readonly free: number; readonly total: number } {
    const out = this.#out.clear();
    this.#driver.check('cuMemGetInfo', this.#calls.cuMemGetInfo_v2(out, out.subarray(8)));
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
    this.#driver.check('cuMemAlloc', status);
    return this.#out.long();
  }

  free(address: number): void {
    this.#driver.release('cuMemFree', this.#calls.cuMemFree_v2(address));
  }

  allocHost(bytes: number): HostMemory {
    const status = this.#calls.cuMemHostAlloc(this.#out.clear(), bytes, 0);
    if (status === outOfMemory) throw notEnoughHostMemory(bytes);
    this.#driver.check('cuMemHostAlloc', status);
    const address = this.#out.long();
    return { address, bytes: koffi.view(BigInt(address), bytes) };
  }

  /** Views of the memory must not be used afterwards. */
  freeHost({ address }: HostMemory): void {
    this.#driver.release('cuMemFreeHost', this.#calls.cuMemFreeHost(address));
  }

  /** Returns before the copy is done if the source is page-locked, otherwise once the source has been read. */
  copyToDevice(target: number, source: ArrayBufferView, stream: Stream): void {
    const status = this.#calls.cuMemcpyHtoDAsync_v2(target, source, source.byteLength, stream);
    this.#driver.check('cuMemcpyHtoDAsync', status);
  }

  /** Fills `target`, which is complete once the stream is synchronised. */
  copyToHost(target: ArrayBufferView, source: number, stream: Stream): void {
    const status = this.#calls.cuMemcpyDtoHAsync_v2(target, source, target.byteLength, stream);
    this.#driver.check('cuMemcpyDtoHAsync', status);
  }

  copyOnDevice(target: number, source: number, bytes: number, stream: Stream): void {
    const status = this.#calls.cuMemcpyDtoDAsync_v2(target, source, bytes, stream);
    this.#driver.check('cuMemcpyDtoDAsync', status);
  }

  memset8(target: number, value: number, bytes: number, stream: Stream): void {
    this.#driver.check('cuMemsetD8Async', this.#calls.cuMemsetD8Async(target, value, bytes, stream));
  }

  /**
   * @param value 16 bits
   * @param count number of 16-bit values
   */
  memset16(target: number, value: number, count: number, stream: Stream): void {
    this.#driver.check('cuMemsetD16Async', this.#calls.cuMemsetD16Async(target, value, count, stream));
  }

  /**
   * @param value 32 bits
   * @param count number of 32-bit values
   */
  memset32(target: number, value: number, count: number, stream: Stream): void {
    this.#driver.check('cuMemsetD32Async', this.#calls.cuMemsetD32Async(target, value >>> 0, count, stream));
  }

  /* Kernels. */

  /**
   * @param image a cubin
   * @throws UserError (device) if it does not match this card or driver
   */
  loadModule(image: Uint8Array): Module {
    this.#driver.check('cuModuleLoadData', this.#calls.cuModuleLoadData(this.#out.clear(), image));
    return this.#out.long() as Module;
  }

  function(module: Module, name: string, parameters: readonly ParameterType[]): KernelFunction {
    if (parameters.length > mostParameters) throw new RangeError(`${name}: ${parameters.length} parameters`);
    this.#driver.check(
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
      this.#driver.check('cuFuncSetAttribute', status, kernel.name);
      state.sharedBytes = sharedBytes;
    }
    const packed = this.#arguments.pack(kernel, values);
    const status = this.#calls.cuLaunchKernel(handle, ...grid, ...block, sharedBytes, stream, packed, null);
    this.#driver.check('cuLaunchKernel', status, kernel.name);
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
