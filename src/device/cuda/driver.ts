// The CUDA driver: contexts, memory, modules, launches and one stream of one card, bound from libcuda. Every
// status is checked and becomes a sentence. Knows nothing of tensors. Contexts belong to a thread: everything here is
// called synchronously from the thread that opened it. Addresses and handles are numbers (they have 48 bits).

import koffi from 'koffi';
import { A, bind, type Calls, I, N, Out, S, U, W } from './bindings.js';
import {
  driverCure,
  driverFailure,
  noSuchCard,
  notEnoughMemory,
  outOfMemory,
  requireDriverVersion,
} from './errors.js';
import { requireLibrary } from './libraries.js';

/** The C functions of libcuda that this takes. */
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

  cuMemGetInfo_v2: [I, A, A],
  cuMemAlloc_v2: [I, A, N],
  cuMemFree_v2: [I, U],
  cuMemcpyHtoDAsync_v2: [I, U, A, N, U],
  cuMemcpyDtoHAsync_v2: [I, A, U, N, U],
  cuMemcpyDtoDAsync_v2: [I, U, U, N, U],
  cuMemsetD32Async: [I, U, W, N, U],

  cuModuleLoadData: [I, A, A],
  cuModuleGetFunction: [I, A, U, S],
  cuFuncSetAttribute: [I, U, I, I],
  cuLaunchKernel: [I, U, W, W, W, W, W, W, W, U, A, A],

  cuStreamCreate: [I, A, W],
  cuStreamDestroy_v2: [I, U],
  cuStreamSynchronize: [I, U],
} as const;

export interface Card {
  readonly name: string;
  /** Major and minor: [8, 0] is sm_80. */
  readonly computeCapability: readonly [major: number, minor: number];
  /** Bytes. */
  readonly totalMemory: number;
  readonly multiprocessors: number;
}

export type ParameterType = 'pointer' | 'i64' | 'i32' | 'f32' | 'f64';

/** A kernel of a loaded module. */
export interface KernelFunction {
  readonly name: string;
  readonly handle: number;
  readonly parameters: readonly ParameterType[];
}

export interface Geometry {
  /** Blocks in x, y and z. */
  readonly grid: readonly [number, number, number];
  /** Threads of a block in x, y and z. */
  readonly block: readonly [number, number, number];
  /** Of dynamic shared memory. */
  readonly sharedBytes: number;
}

const attribute = { multiprocessors: 16, major: 75, minor: 76 } as const;
const maxDynamicSharedBytes = 8;
/** Of dynamic shared memory, without asking for more. */
const usualSharedBytes = 48 * 1024;

export class Driver {
  readonly #calls: Calls<typeof driverSignatures>;
  readonly #out = new Out();
  /** 13000 is CUDA 13.0. */
  readonly version: number;

  constructor(readonly path: string) {
    this.#calls = bind(path, driverSignatures, driverCure);
    this.#check('cuInit', this.#calls.cuInit(0));
    this.#check('cuDriverGetVersion', this.#calls.cuDriverGetVersion(this.#out.clear()));
    this.version = this.#out.int;
    requireDriverVersion(this.version);
  }

  deviceCount(): number {
    this.#check('cuDeviceGetCount', this.#calls.cuDeviceGetCount(this.#out.clear()));
    return this.#out.int;
  }

  /** @throws UserError (device) where there is no such card. */
  card(ordinal: number): Card {
    const device = this.#device(ordinal);
    const name = new Uint8Array(128);
    this.#check('cuDeviceGetName', this.#calls.cuDeviceGetName(name, name.length, device));
    this.#check('cuDeviceTotalMem', this.#calls.cuDeviceTotalMem_v2(this.#out.clear(), device));
    const totalMemory = this.#out.long();
    return {
      name: Buffer.from(name.subarray(0, Math.max(0, name.indexOf(0)))).toString('utf8'),
      totalMemory,
      computeCapability: [this.#attribute(attribute.major, device), this.#attribute(attribute.minor, device)],
      multiprocessors: this.#attribute(attribute.multiprocessors, device),
    };
  }

  /** A card's context, current in this thread from now on. */
  openContext(ordinal: number): Context {
    const device = this.#device(ordinal);
    const out = this.#out;
    const calls = this.#calls;
    this.#check('cuDevicePrimaryCtxRetain', calls.cuDevicePrimaryCtxRetain(out.clear(), device));
    const context = out.long();
    this.#check('cuCtxSetCurrent', calls.cuCtxSetCurrent(context));
    this.#check('cuStreamCreate', calls.cuStreamCreate(out.clear(), 1));
    return new Context(calls, (call, status) => this.#check(call, status), {
      context,
      device,
      stream: out.long(),
    });
  }

  #device(ordinal: number): number {
    const count = this.deviceCount();
    if (ordinal >= count) throw noSuchCard(ordinal, count);
    this.#check('cuDeviceGet', this.#calls.cuDeviceGet(this.#out.clear(), ordinal));
    return this.#out.int;
  }

  #attribute(which: number, device: number): number {
    this.#check('cuDeviceGetAttribute', this.#calls.cuDeviceGetAttribute(this.#out.clear(), which, device));
    return this.#out.int;
  }

  #check(call: string, status: number): void {
    if (status === 0) return;
    const text = (read: (status: number, out: Uint8Array) => number): string => {
      const known = read(status, this.#out.clear()) === 0;
      return known ? String(koffi.decode(BigInt(this.#out.long()), 'char', -1)) : `status ${status}`;
    };
    const words = `${text(this.#calls.cuGetErrorName)}: ${text(this.#calls.cuGetErrorString)}`;
    throw driverFailure({ status, call, words });
  }
}

interface Handles {
  readonly context: number;
  readonly device: number;
  readonly stream: number;
}

/** What happens on one card, all in one stream. */
export class Context {
  readonly #out = new Out();
  readonly #arguments = new DataView(new ArrayBuffer(8 * 32));
  readonly #pointers: BigUint64Array;

  constructor(
    readonly calls: Calls<typeof driverSignatures>,
    readonly check: (call: string, status: number) => void,
    readonly handles: Handles,
  ) {
    const base = koffi.address(new Uint8Array(this.#arguments.buffer));
    this.#pointers = BigUint64Array.from({ length: 32 }, (_, at) => base + BigInt(8 * at));
  }

  /** In use by no one. */
  freeMemory(): number {
    this.check('cuMemGetInfo', this.calls.cuMemGetInfo_v2(this.#out.clear(), this.#out.place.subarray(8)));
    return this.#out.long();
  }

  /** @param label what for, in the message. @throws UserError (device) when it does not fit. */
  allocate(label: string, bytes: number): number {
    const status = this.calls.cuMemAlloc_v2(this.#out.clear(), bytes);
    if (status === outOfMemory) throw notEnoughMemory(label, bytes, this.freeMemory());
    this.check('cuMemAlloc', status);
    return this.#out.long();
  }

  free(address: number): void {
    this.check('cuMemFree', this.calls.cuMemFree_v2(address));
  }

  /** Has read the source when it returns. */
  copyIn(target: number, source: ArrayBufferView): void {
    const { stream } = this.handles;
    this.check('cuMemcpyHtoD', this.calls.cuMemcpyHtoDAsync_v2(target, source, source.byteLength, stream));
  }

  /** Has written the target when it returns. */
  copyOut(target: ArrayBufferView, source: number): void {
    const { stream } = this.handles;
    this.check('cuMemcpyDtoH', this.calls.cuMemcpyDtoHAsync_v2(target, source, target.byteLength, stream));
    this.synchronize();
  }

  copy(target: number, source: number, bytes: number): void {
    this.check('cuMemcpyDtoD', this.calls.cuMemcpyDtoDAsync_v2(target, source, bytes, this.handles.stream));
  }

  /** Writes `count` times the same 32 bits. */
  fill(target: number, bits: number, count: number): void {
    this.check('cuMemsetD32', this.calls.cuMemsetD32Async(target, bits >>> 0, count, this.handles.stream));
  }

  synchronize(): void {
    this.check('cuStreamSynchronize', this.calls.cuStreamSynchronize(this.handles.stream));
  }

  loadModule(image: Uint8Array): number {
    this.check('cuModuleLoadData', this.calls.cuModuleLoadData(this.#out.clear(), image));
    return this.#out.long();
  }

  kernel(module: number, name: string, parameters: readonly ParameterType[]): KernelFunction {
    this.check('cuModuleGetFunction', this.calls.cuModuleGetFunction(this.#out.clear(), module, name));
    return { name, handle: this.#out.long(), parameters };
  }

  /** A geometry without blocks launches nothing. */
  launch(kernel: KernelFunction, { grid, block, sharedBytes }: Geometry, values: readonly number[]): void {
    if (values.length !== kernel.parameters.length)
      throw new Error(`${kernel.name} takes ${kernel.parameters.length} arguments, not ${values.length}`);
    if (grid.includes(0)) return;
    if (sharedBytes > usualSharedBytes)
      this.check(
        'cuFuncSetAttribute',
        this.calls.cuFuncSetAttribute(kernel.handle, maxDynamicSharedBytes, sharedBytes),
      );
    values.forEach((value, at) => {
      writeArgument(this.#arguments, 8 * at, kernel.parameters[at], value);
    });
    this.check(
      `cuLaunchKernel(${kernel.name})`,
      this.calls.cuLaunchKernel(
        kernel.handle,
        ...grid,
        ...block,
        sharedBytes,
        this.handles.stream,
        this.#pointers,
        null,
      ),
    );
  }

  /** Nothing of it can be used afterwards. */
  close(): void {
    this.calls.cuStreamDestroy_v2(this.handles.stream);
    this.calls.cuDevicePrimaryCtxRelease_v2(this.handles.device);
  }
}

function writeArgument(into: DataView, at: number, type: ParameterType | undefined, value: number): void {
  switch (type) {
    case 'pointer':
    case 'i64':
      into.setBigInt64(at, BigInt(value), true);
      return;
    case 'i32':
      into.setInt32(at, value, true);
      return;
    case 'f32':
      into.setFloat32(at, value, true);
      return;
    case 'f64':
      into.setFloat64(at, value, true);
      return;
    case undefined:
      throw new RangeError('an argument without a parameter');
    default:
      return type satisfies never;
  }
}

/** @throws UserError (device) without a driver, without a card, or where the driver is too old. */
export function openDriver(env: NodeJS.ProcessEnv = process.env): Driver {
  return new Driver(requireLibrary('libcuda', env));
}
