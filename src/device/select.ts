// Which device a run takes, and in what precision. Knows the names that --device and --precision accept; what a
// device can do, it tells itself.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { nearest } from '../suggest.js';
import { createCpuDevice } from './cpu/cpu-device.js';
import { createCudaDevice } from './cuda/cuda-device.js';
import { CudaUnavailable } from './cuda/errors.js';
import { mayHaveDriver } from './cuda/libraries.js';
import type { Device, Precision } from './device.js';
import { deviceFamilies, deviceSpelling } from './names.js';

export interface DeviceOptions {
  /** Threads of the CPU device; its own default where undefined. */
  readonly threads?: number | undefined;
  /** Whether a card may round the factors of float32 products to TF32, where it has that. */
  readonly tf32?: boolean;
  /** Where libraries, compilers and caches are looked for. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called once before kernels are compiled, which takes some seconds. */
  readonly onCompile?: ((what: 'CPU' | 'CUDA') => void) | undefined;
  /** Called where `auto` cannot take what is faster: a GPU that the machine seems to have, or the CPU's kernels. @param why a clause. */
  readonly onFallback?: ((left: LeftUnused, why: string) => void) | undefined;
}

export type LeftUnused = 'the GPU' | 'the CPU kernels';

const spelling = new RegExp(`^(?:${deviceSpelling.source})$`);

/**
 * @param name `auto`, `cpu`, `cuda`, `cuda:N`, `tfjs` or `tfjs:BACKEND`.
 * @throws UserError: usage for an unknown name; device where the machine or this version cannot give it.
 */
export async function selectDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  const family = familyOf(name);
  switch (family) {
    case 'auto':
      return await fastestDevice(options);
    case 'cpu':
      return cpu(options);
    case 'cuda':
      return cuda(options, Number(name.split(':')[1] ?? 0));
    case 'tfjs':
      return await tfjs(name.split(':')[1]);
    default:
      return family satisfies never;
  }
}

function cpu({ threads, env = process.env, onCompile }: DeviceOptions): Device {
  return createCpuDevice({ threads, env, onCompile: onCompile && (() => onCompile('CPU')) });
}

function cuda({ env, tf32, onCompile }: DeviceOptions, ordinal: number): Device {
  let told = false;
  const tell = () => {
    if (!told) onCompile?.('CUDA');
    told = true;
  };
  return createCudaDevice({ ordinal, env, ...(tf32 !== undefined && { tf32 }), onCompile: tell });
}

/** Loaded only where it is wanted: TensorFlow.js is large. */
async function tfjs(backend?: string): Promise<Device> {
  const { createTfjsDevice } = await import('./tfjs/tfjs-device.js');
  return await createTfjsDevice(backend);
}

/** The first GPU where it can be used. Most machines have none, and need no word about it. */
async function fastestDevice(options: DeviceOptions): Promise<Device> {
  const { env = process.env, onFallback } = options;
  if (!mayHaveDriver(env)) return await compiledOrNot(options);
  try {
    return cuda(options, 0);
  } catch (thrown) {
    if (!isOfDevice(thrown)) throw thrown;
    onFallback?.('the GPU', thrown instanceof CudaUnavailable ? thrown.reason : clause(thrown));
    return await compiledOrNot(options);
  }
}

/** The CPU's own kernels; without a compiler TensorFlow.js, which is several times slower but needs none. */
async function compiledOrNot(options: DeviceOptions): Promise<Device> {
  try {
    return cpu(options);
  } catch (thrown) {
    if (!isOfDevice(thrown)) throw thrown;
    const device = await tfjs();
    options.onFallback?.(
      'the CPU kernels',
      `${clause(thrown)}, so that ${device.description} computes, which is slower`,
    );
    return device;
  }
}

function isOfDevice(thrown: unknown): thrown is UserError {
  return thrown instanceof UserError && thrown.fault === 'device';
}

function clause({ sentence }: UserError): string {
  return sentence.replace(/\.$/, '');
}

/** What is said where `auto` falls back. */
export function fallbackNote(left: LeftUnused, why: string): string {
  return `not on ${left}: ${why}; chatbot-train doctor tells how to mend it`;
}

/** What is said while kernels are compiled. */
export function compileNote(what: 'CPU' | 'CUDA'): string {
  return `compiling the ${what} kernels for this machine (once)`;
}

function familyOf(name: string): (typeof deviceFamilies)[number] {
  const [prefix = ''] = name.split(':');
  const family = deviceFamilies.find((known) => known === prefix);
  if (family !== undefined && spelling.test(name)) return family;
  const near = nearest(prefix, deviceFamilies);
  throw new UserError(
    'device-unknown',
    `unknown device '${name}'${near === undefined ? '' : ` (did you mean '${near}'?)`}: use ${deviceSpelling.words}.`,
  );
}

/** What to train in. @throws UserError (device) for a precision that the device does not have. */
export function resolvePrecision(device: Device, requested: Precision | 'auto'): Precision {
  return resolve(device, device.precisions, requested, {
    unable: 'does not compute in',
    elsewhere: option('device', 'cuda'),
  });
}

/**
 * What to keep weights in that are only read: what the device computes in, or narrower. @throws UserError (device) for a
 * precision that the device does not have.
 */
export function resolveWeightPrecision(device: Device, requested: Precision | 'auto'): Precision {
  const known = [...device.precisions, ...device.weightPrecisions];
  return resolve(device, known, requested, {
    unable: 'does not keep weights in',
    elsewhere: `${option('device', 'cpu')} or ${option('device', 'cuda')}`,
  });
}

/** The best first: bf16 has the range of fp32, fp16 needs its loss scaled. */
const preferred = ['bf16', 'fp16', 'fp32'] as const satisfies readonly Precision[];

function resolve(
  { kind, description }: Device,
  known: readonly Precision[],
  requested: Precision | 'auto',
  { unable, elsewhere }: { readonly unable: string; readonly elsewhere: string },
): Precision {
  const usable = preferred.filter((precision) => known.includes(precision));
  if (requested === 'auto') return usable[0] ?? 'fp32';
  if (known.includes(requested)) return requested;
  if (kind === 'tfjs')
    throw new UserError(
      'precision-unsupported',
      `tfjs ${unable} ${requested}, because TensorFlow.js has no half-precision type: use ${option('precision', 'fp32')}, or ${elsewhere}.`,
    );
  throw new UserError(
    'precision-unsupported',
    `${kind} ${unable} ${requested}: use ${usable.map((precision) => option('precision', precision)).join(' or ')} (on ${description}).`,
  );
}
