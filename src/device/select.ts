// Chooses a run's device and precision. Knows the names that the device and precision options accept; each device
// reports its own capabilities.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { nearest } from '../suggest.js';
import { createCpuDevice } from './cpu/cpu-device.js';
import { createCudaDevice } from './cuda/cuda-device.js';
import { CudaUnavailable } from './cuda/errors.js';
import { mayHaveDriver } from './cuda/libraries.js';
import type { Ability, Device, Precision, Precisions, WeightPrecision } from './device.js';
import { deviceFamilies, deviceSpelling } from './names.js';

export interface DeviceOptions {
  /** Threads of the CPU device. Default: the device's own default. */
  readonly threads?: number | undefined;
  /** Whether a GPU that supports TF32 may round the inputs of float32 matrix products to it. */
  readonly tf32?: boolean;
  /** The environment variables that say where libraries, compilers and caches are. */
  readonly env?: NodeJS.ProcessEnv;
  /** Called once before kernels are compiled, which takes a few seconds. */
  readonly onCompile?: ((what: 'CPU' | 'CUDA') => void) | undefined;
  /** Called if `auto` cannot use a faster device: a GPU that the machine seems to have, or the CPU. @param why a clause. */
  readonly onFallback?: ((left: LeftUnused, why: string) => void) | undefined;
  /** Told what a person should know while the device works. */
  readonly onNote?: ((text: string) => void) | undefined;
}

export type LeftUnused = 'the GPU' | 'the CPU kernels';

const spelling = new RegExp(`^(?:${deviceSpelling.source})$`);

/**
 * @param name `auto`, `cpu`, `cuda`, `cuda:N`, `tfjs` or `tfjs:BACKEND`.
 * @throws UserError (usage) for an unknown name, (device) if the machine or this version cannot provide the device.
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

function cuda({ env, tf32, onCompile, onNote }: DeviceOptions, ordinal: number): Device {
  let told = false;
  const tell = () => {
    if (!told) onCompile?.('CUDA');
    told = true;
  };
  return createCudaDevice({ ordinal, env, ...(tf32 !== undefined && { tf32 }), onCompile: tell, onNote });
}

/** Imported on demand because TensorFlow.js is large. */
async function tfjs(backend?: string): Promise<Device> {
  const { createTfjsDevice } = await import('./tfjs/tfjs-device.js');
  return await createTfjsDevice(backend);
}

/** The first GPU if it is usable. A machine without a driver gets no note, because most machines have no GPU. */
async function fastestDevice(options: DeviceOptions): Promise<Device> {
  const { env = process.env, onFallback } = options;
  if (!mayHaveDriver(env)) return await compiledOrNot(options);
  try {
    return cuda(options, 0);
  } catch (thrown) {
    if (!isDeviceError(thrown)) throw thrown;
    onFallback?.('the GPU', thrown instanceof CudaUnavailable ? thrown.reason : clause(thrown));
    return await compiledOrNot(options);
  }
}

/** The CPU device; if there is no compiler, TensorFlow.js, which needs none but is several times slower. */
async function compiledOrNot(options: DeviceOptions): Promise<Device> {
  try {
    return cpu(options);
  } catch (thrown) {
    if (!isDeviceError(thrown)) throw thrown;
    const device = await tfjs();
    options.onFallback?.('the CPU kernels', `${clause(thrown)}, so the slower ${device.description} is used`);
    return device;
  }
}

function isDeviceError(thrown: unknown): thrown is UserError {
  return thrown instanceof UserError && thrown.fault === 'device';
}

function clause({ sentence }: UserError): string {
  return sentence.replace(/\.$/, '');
}

/** The note for a run whose `auto` device falls back. */
export function fallbackNote(left: LeftUnused, why: string): string {
  return `not using ${left}: ${why}; run chatbot-train doctor to see how to fix it`;
}

/** The note printed while kernels are compiled. */
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

/** The precision to train in. @throws UserError (device) if the device does not support the requested one. */
export function resolvePrecision(device: Device, requested: Precision | 'auto'): Precision {
  return resolve<Precision>(device, (precision) => device.precisions[precision].computes, requested, {
    unable: 'does not compute in',
    elsewhere: option('device', 'cuda'),
  });
}

/**
 * The precision to store read-only weights in: one that the device computes in, or a narrower one.
 * @throws UserError (device) if the device does not support the requested one.
 */
export function resolveWeightPrecision(device: Device, requested: WeightPrecision | 'auto'): WeightPrecision {
  const ability = (precision: WeightPrecision): Ability => {
    const { computes, stores } = device.precisions[precision];
    return computes === 'fast' || stores === 'fast' ? 'fast' : computes || stores;
  };
  return resolve<WeightPrecision>(device, ability, requested, {
    unable: 'does not keep weights in',
    elsewhere:
      requested === 'int8'
        ? option('device', 'cpu')
        : `${option('device', 'cpu')} or ${option('device', 'cuda')}`,
  });
}

/** The precisions that a device computes in, fast or not. */
export function computedIn(precisions: Precisions): Precision[] {
  const all = Object.keys(precisions) as Precision[];
  return all.filter((precision) => precisions[precision].computes);
}

/** In order of preference: bf16 has the range of fp32, whereas fp16 needs loss scaling. */
const preferred = ['bf16', 'fp16', 'fp32'] as const satisfies readonly Precision[];

function resolve<Wanted extends WeightPrecision>(
  { kind, description }: Device,
  ability: (precision: Wanted | Precision) => Ability,
  requested: Wanted | 'auto',
  { unable, elsewhere }: { readonly unable: string; readonly elsewhere: string },
): Wanted | Precision {
  if (requested === 'auto') return preferred.find((precision) => ability(precision) === 'fast') ?? 'fp32';
  if (ability(requested)) return requested;
  if (kind === 'tfjs')
    throw new UserError(
      'precision-unsupported',
      `tfjs ${unable} ${requested}, because TensorFlow.js has no ${requested === 'int8' ? 'type for it' : 'half-precision type'}: use ${option('precision', 'fp32')}, or ${elsewhere}.`,
    );
  const usable = preferred.filter(ability).map((precision) => option('precision', precision));
  const other = requested === 'int8' ? `, or ${elsewhere}` : '';
  throw new UserError(
    'precision-unsupported',
    `${kind} ${unable} ${requested}: use ${usable.join(' or ')}${other} (on ${description}).`,
  );
}
