// The C functions of libcuda, with every status checked: a bad one becomes a sentence. Shared by the parts of the driver.

import koffi from 'koffi';
import { A, bindLibrary, type Calls, I, N, Out, S, U, W } from './bindings.js';
import { driverFailure, isFatal, openingFailure } from './errors.js';

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
  cuEventElapsedTime: [I, A, U, U],

  cuStreamBeginCapture_v2: [I, U, I],
  cuStreamEndCapture: [I, U, A],
  cuGraphInstantiateWithFlags: [I, A, U, N],
  cuGraphGetNodes: [I, U, A, A],
  cuGraphDestroy: [I, U],
  cuGraphLaunch: [I, U, U],
  cuGraphExecDestroy: [I, U],
} as const;

declare const kind: unique symbol;
export type Handle<Of extends string> = number & { readonly [kind]: Of };

export type DriverFunctions = Calls<typeof driverSignatures>;

export class DriverCalls {
  readonly functions: DriverFunctions;
  /** Unloads the library. No function may be called after that. */
  readonly unload: () => void;
  /** Where functions return values other than their status. */
  readonly out = new Out();
  /** Whether a card's context is current. */
  hasContext = false;
  /**
   * Set once a device is complete. Until then a bad status explains why CUDA is unavailable; afterwards, what went
   * wrong.
   */
  opened = false;
  #lost = false;

  /** @throws UnusableLibrary if the file is not a driver */
  constructor(path: string) {
    const { calls, unload } = bindLibrary(path, driverSignatures);
    this.functions = calls;
    this.unload = unload;
  }

  /** Whether a call has reported that the card can compute nothing more. */
  get lost(): boolean {
    return this.#lost;
  }

  check(call: string, status: number, subject?: string): void {
    if (status === 0) return;
    if (this.hasContext && isFatal(status)) this.#lost = true;
    const known = (['cuGetErrorName', 'cuGetErrorString'] as const).map((text) => this.#text(text, status));
    const words = [...new Set(known)].join(': ');
    const failure = { status, call: subject === undefined ? call : `${call} of ${subject}`, words };
    throw this.opened ? driverFailure(failure) : openingFailure(failure);
  }

  /** Errors about a lost card's resources are ignored: they are gone anyway. */
  release(call: string, status: number): void {
    if (!this.#lost && !isFatal(status)) this.check(call, status);
  }

  #text(call: 'cuGetErrorName' | 'cuGetErrorString', status: number): string {
    const place = new BigUint64Array(1);
    if (this.functions[call](status, place) !== 0 || place[0] === undefined || place[0] === 0n)
      return `status ${status}`;
    return koffi.decode.string(place[0]);
  }
}
