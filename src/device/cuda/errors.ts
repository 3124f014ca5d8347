// What a status of the CUDA driver means to a person: one sentence with a cure where there is one. A status that only a
// mistake of ours can cause stays a plain Error. Knows the codes of cuda.h, makes no calls.

import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';

/** What bringing a (newer) driver takes. */
export const driverCure =
  'install the current NVIDIA driver (on Ubuntu: sudo ubuntu-drivers install; others: https://www.nvidia.com/drivers) and restart the machine';

export const outOfMemory = 2;

/** Why this machine does not compute on a GPU. */
export class CudaUnavailable extends UserError {
  /** @param reason a clause that may stand in another sentence; @param cure what mends it. */
  constructor(
    readonly reason: string,
    readonly cure: string,
  ) {
    super('device', `--device cuda: ${reason}: ${cure}.`);
  }
}

/** Before anything runs: what the machine lacks, and its cure. */
const machineFaults: Readonly<Record<number, readonly [reason: string, cure: string]>> = {
  3: ['the NVIDIA driver is not ready', 'restart the machine'],
  34: [
    "the libcuda.so.1 that is found is the toolkit's stub and no driver",
    'take the `stubs` folder out of LD_LIBRARY_PATH',
  ],
  36: ['the NVIDIA driver is too old', driverCure],
  46: [
    'another program has the GPU for itself',
    'end it (nvidia-smi lists them), or sudo nvidia-smi --compute-mode=DEFAULT',
  ],
  100: [
    'the NVIDIA driver sees no GPU',
    'check nvidia-smi and CUDA_VISIBLE_DEVICES (in a container: docker run --gpus all), or use --device cpu',
  ],
  802: ['the GPU is not ready yet', 'start nvidia-fabricmanager, or try again in a minute'],
  803: ['the NVIDIA driver was updated while it ran, its two halves do not match', 'restart the machine'],
  804: ['the NVIDIA driver is too old for the compatibility libraries in use', driverCure],
};

/** A module that this card or driver does not take. */
const imageFaults = new Set([200, 209, 218, 221, 222]);

/** The card, or the connection to it, is gone. */
const lostDevice = new Set([4, 101, 214, 220, 226, 702, 709, 719, 810, 911, 999]);

/** A kernel did what it must not; everything on the card is gone with its context. */
const kernelFaults = new Set([700, 710, 714, 715, 716, 717, 718]);

/** Whether nothing can be computed any more after that status. */
export function isFatal(status: number): boolean {
  return lostDevice.has(status) || kernelFaults.has(status);
}

export interface Failure {
  readonly status: number;
  /** The C function. */
  readonly call: string;
  /** As in `CUDA_ERROR_INVALID_VALUE: invalid argument`. */
  readonly words: string;
}

export function driverFailure({ status, call, words }: Failure): Error {
  const said = `${words}, from ${call}`;
  const machine = machineFaults[status];
  if (machine !== undefined) return new CudaUnavailable(`${machine[0]} (${said})`, machine[1]);
  if (status === outOfMemory)
    return new UserError(
      'device',
      `the GPU has too little free memory (${said}): end other programs that use it (nvidia-smi lists them), or lower --per-device-train-batch-size.`,
    );
  if (imageFaults.has(status))
    return new UserError(
      'device',
      `the NVIDIA driver does not take the compiled kernels (${said}): ${driverCure}.`,
    );
  if (lostDevice.has(status))
    return new UserError(
      'device',
      `the GPU was lost (${said}): saved checkpoints are whole, go on with --resume; where nvidia-smi does not list the GPU any more, restart the machine first.`,
    );
  if (kernelFaults.has(status))
    return new UserError(
      'device',
      `the GPU stopped at a fault in a kernel (${said}): saved checkpoints are whole, go on with --resume; if it stops again, report it with the output of chatbot-train doctor --json.`,
    );
  return new Error(said);
}

/** @param needed bytes of `label`; @param free bytes on the card. */
export function notEnoughMemory(label: string, needed: number, free: number): UserError {
  const lacking =
    needed > free
      ? `${formatBytes(needed - free)} too little`
      : 'but not in one piece, or another program was faster';
  return new UserError(
    'device',
    `not enough memory on the GPU: ${label} needs ${formatBytes(needed)} and ${formatBytes(free)} are free (${lacking}); lower --per-device-train-batch-size or --max-length, add --gradient-checkpointing, or end other programs that use the GPU.`,
  );
}

export function noSuchCard(ordinal: number, count: number): UserError {
  const there =
    count === 1 ? 'there is one GPU, cuda:0' : `there are ${count} GPUs, cuda:0 to cuda:${count - 1}`;
  return new UserError('device', `there is no cuda:${ordinal}: ${there}.`);
}

/** CUDA 12.0, whose compiler and cuBLASLt are the oldest that will do; as cuDriverGetVersion has it. */
const oldestDriver = 12_000;

/** @param version as cuDriverGetVersion gives it: 12040 is 12.4. @throws CudaUnavailable for a driver that is too old. */
export function requireDriverVersion(version: number): void {
  if (version >= oldestDriver) return;
  throw new CudaUnavailable(
    `the NVIDIA driver is too old (it is of CUDA ${cudaVersion(version)}, 12.0 is needed)`,
    driverCure,
  );
}

/** 12040 is `12.4`. */
export function cudaVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** Volta, the first with tensor cores. */
const oldestCapability = 7;

/** @throws CudaUnavailable for a card that is too old. */
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
    'use --device cpu',
  );
}
