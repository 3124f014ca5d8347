// Turns a status of the CUDA driver into one sentence with advice. While a device is being opened, every status is a
// reason to run without CUDA. Later, a status that only a bug of ours can cause stays a plain Error. Knows the codes of
// cuda.h and makes no calls.

import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { option } from '../../option-names.js';

/** How to install a driver, or a newer one. */
export const driverCure =
  'install the current NVIDIA driver (on Ubuntu: sudo ubuntu-drivers install; others: https://www.nvidia.com/drivers) and restart the machine';

export const outOfMemory = 2;

/** Why this machine cannot compute on a GPU. */
export class CudaUnavailable extends UserError {
  /**
   * @param reason a clause that can stand inside another sentence
   * @param cure how to fix it, if there is a way
   * @param ofLibrary whether the reason lies in the library that was opened, so that another one may start
   */
  constructor(
    readonly reason: string,
    readonly cure?: string,
    readonly ofLibrary = false,
  ) {
    super(
      'cuda-unavailable',
      `${option('device', 'cuda')}: ${reason}: ${cure === undefined ? '' : `${cure}, or `}use ${option('device', 'cpu')}.`,
    );
  }
}

export interface Failure {
  readonly status: number;
  /** The C function. */
  readonly call: string;
  /** For example `CUDA_ERROR_INVALID_VALUE: invalid argument`. */
  readonly words: string;
}

type Explanation = readonly [reason: string, cure: string];

const multiProcessService: Explanation = [
  "NVIDIA's Multi-Process Service does not answer",
  'end it (echo quit | nvidia-cuda-mps-control), which gives the GPU back to every program',
];
const multiProcessServiceFull: Explanation = [
  "NVIDIA's Multi-Process Service accepts no more programs",
  'end another one that uses the GPU (nvidia-smi lists them)',
];

/** While a device is being opened: what the machine lacks, and how to fix it. */
const openingErrors: Readonly<Record<number, Explanation>> = {
  [outOfMemory]: [
    'there is too little memory to start CUDA',
    'end other programs (nvidia-smi lists those that use the GPU)',
  ],
  3: ['the NVIDIA driver is not ready', 'restart the machine'],
  34: [
    "the libcuda.so.1 found is the toolkit's stub, not a driver",
    'take the `stubs` folder out of LD_LIBRARY_PATH',
  ],
  36: ['the NVIDIA driver is too old', driverCure],
  46: [
    'another program has exclusive use of the GPU',
    'end it (nvidia-smi lists it), or run sudo nvidia-smi --compute-mode=DEFAULT',
  ],
  100: [
    'the NVIDIA driver sees no GPU',
    'check nvidia-smi and CUDA_VISIBLE_DEVICES (in a container: docker run --gpus all)',
  ],
  304: [
    'the system does not give CUDA access to the GPU',
    'check that /dev/nvidia0 and /dev/nvidia-uvm are there (sudo nvidia-modprobe -u -c 0 makes them; in a container: docker run --gpus all)',
  ],
  800: ['the system does not permit CUDA', 'check nvidia-smi, and that you may read and write /dev/nvidia*'],
  801: [
    'this system does not support CUDA',
    "check nvidia-smi (a virtual GPU needs a profile with CUDA, WSL needs version 2 and Windows' current NVIDIA driver)",
  ],
  802: ['the GPU is not ready yet', 'start nvidia-fabricmanager, or try again in a minute'],
  803: [
    'the NVIDIA driver was updated while it was running, and its two halves do not match',
    'restart the machine',
  ],
  804: ['the NVIDIA driver is too old for the compatibility libraries in use', driverCure],
  805: multiProcessService,
  806: multiProcessService,
  807: multiProcessService,
  808: multiProcessServiceFull,
  809: multiProcessServiceFull,
};

/** For every other status: `--device auto` can run without CUDA, so none is fatal. */
const otherOpeningError: Explanation = [
  'CUDA does not start',
  'see what nvidia-smi says and restart the machine; if that does not help, install the current NVIDIA driver',
];

/**
 * Statuses of a stub, of a driver that does not match its kernel module, and of compatibility libraries that do not
 * match the card.
 */
const libraryErrors = new Set([34, 803, 804]);

/** The error for a status while a driver or a device is being opened. */
export function openingFailure({ status, call, words }: Failure): CudaUnavailable {
  const [reason, cure] = openingErrors[status] ?? otherOpeningError;
  return new CudaUnavailable(`${reason} (${words}, from ${call})`, cure, libraryErrors.has(status));
}

/** The card or the driver does not accept the module. */
const imageErrors = new Set([200, 209, 218, 221, 222]);

/** The card, or the connection to it, is gone. */
const lostDeviceErrors = new Set([4, 101, 214, 220, 226, 709, 806, 810, 911, 999]);

/** CUDA_ERROR_LAUNCH_TIMEOUT. */
const tookTooLong = 702;

/** A kernel did something illegal. Everything on the card is lost with its context. */
const kernelErrors = new Set([700, 710, 714, 715, 716, 717, 718, 719]);

/** Whether nothing can be computed after that status. */
export function isFatal(status: number): boolean {
  return lostDeviceErrors.has(status) || kernelErrors.has(status) || status === tookTooLong;
}

/* Advice that fits both training and chat. */
export const startAgain = `start again (a training run with ${option('resume', true)}: its checkpoints are intact)`;
export const whenAgain = 'if it stops again, report it with the output of chatbot-train doctor --json';
export const makeRoom =
  'end other programs that use it (nvidia-smi lists them), or give it less work, for example with a smaller batch or model';

/** The error for a status once a device is open. */
export function driverFailure({ status, call, words }: Failure): Error {
  const said = `${words}, from ${call}`;
  const failure = (sentence: string) => new UserError('cuda-failure', `${sentence}.`);
  if (status === outOfMemory) return failure(`the GPU has too little free memory (${said}): ${makeRoom}`);
  if (imageErrors.has(status))
    return failure(`the NVIDIA driver does not accept the compiled kernels (${said}): ${driverCure}`);
  if (lostDeviceErrors.has(status))
    return failure(
      `the GPU was lost (${said}): ${startAgain}; if nvidia-smi no longer lists the GPU, restart the machine first`,
    );
  if (status === tookTooLong)
    return failure(
      `the GPU was stopped because a kernel took too long (${said}), which happens if the GPU also drives a display: ${startAgain} on another GPU or without the graphical desktop (sudo systemctl isolate multi-user.target)`,
    );
  if (kernelErrors.has(status))
    return failure(`the GPU stopped at an error in a kernel (${said}): ${startAgain}; ${whenAgain}`);
  return new Error(said);
}

/** A library that exists but cannot be used; another one may work. */
export class UnusableLibrary extends UserError {
  /**
   * @param reason a clause
   * @param remedy the pip option that installs a usable one
   */
  constructor(
    readonly reason: string,
    readonly remedy: '--force-reinstall' | '--upgrade',
    options?: { cause?: unknown },
  ) {
    super('cuda-library-unusable', `${reason}.`, options);
  }
}

/**
 * @param needed bytes of `label`
 * @param free bytes on the card
 */
export function notEnoughMemory(label: string, needed: number, free: number): UserError {
  const lacking =
    needed > free
      ? `${formatBytes(needed - free)} too little`
      : 'but not in one piece, or another program took it first';
  return new UserError(
    'out-of-memory',
    `not enough memory on the GPU: ${label} needs ${formatBytes(needed)} and ${formatBytes(free)} are free (${lacking}); end other programs that use the GPU (nvidia-smi lists them), or use ${option('device', 'cpu')}.`,
  );
}

/** @param needed bytes of host memory */
export function notEnoughHostMemory(needed: number): UserError {
  return new UserError(
    'out-of-memory',
    `not enough memory in the machine itself: copies to and from the GPU need ${formatBytes(needed)} of it in one piece; end other programs, or use ${option('device', 'cpu')}.`,
  );
}

export function noSuchCard(ordinal: number, count: number): UserError {
  const there =
    count === 1 ? 'there is one GPU, cuda:0' : `there are ${count} GPUs, cuda:0 to cuda:${count - 1}`;
  return new UserError('cuda-no-such-card', `there is no cuda:${ordinal}: ${there}.`);
}

/** CUDA 12.0, the oldest version with a suitable compiler and cuBLASLt, in the form of cuDriverGetVersion. */
const oldestDriver = 12_000;

/**
 * @param version in the form of cuDriverGetVersion: 12040 is 12.4
 * @throws CudaUnavailable if the driver is too old
 */
export function requireDriverVersion(version: number): void {
  if (version >= oldestDriver) return;
  throw new CudaUnavailable(
    `the NVIDIA driver is too old (it supports CUDA ${cudaVersion(version)}, and 12.0 is needed)`,
    driverCure,
  );
}

/** `12.4` for 12040. */
export function cudaVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** Volta, the first architecture with tensor cores. */
const oldestCapability = 7;

/** @throws CudaUnavailable if the card is too old */
export function requireCapability(
  ordinal: number,
  {
    name,
    computeCapability,
  }: { readonly name: string; readonly computeCapability: readonly [number, number] },
): void {
  if (computeCapability[0] >= oldestCapability) return;
  throw new CudaUnavailable(
    `cuda:${ordinal} (${name}) is too old (it has compute capability ${computeCapability.join('.')}, 7.0 is needed)`,
  );
}
