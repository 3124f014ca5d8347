// Which device a run takes, and in what precision. Knows the names that --device and --precision accept; what a
// device can do, it tells itself.

import { UserError } from '../errors.js';
import { nearest } from '../suggest.js';
import { createCpuDevice } from './cpu/cpu-device.js';
import { createCudaDevice } from './cuda/cuda-device.js';
import type { Device, Precision } from './device.js';
import { deviceFamilies, deviceSpelling } from './names.js';

export interface DeviceOptions {
  /** Threads of the CPU device; its own default where undefined. */
  readonly threads?: number | undefined;
  /** Called before kernels are compiled, which takes some seconds. */
  readonly onCompile?: (() => void) | undefined;
}

const spelling = new RegExp(`^(?:${deviceSpelling.source})$`);

/**
 * @param name `auto`, `cpu`, `cuda`, `cuda:N`, `tfjs` or `tfjs:BACKEND`.
 * @throws UserError: usage for an unknown name; device where the machine or this version cannot give it.
 */
export function selectDevice(name: string, options: DeviceOptions = {}): Device {
  const family = familyOf(name);
  switch (family) {
    case 'auto':
    case 'cpu':
      return createCpuDevice(options);
    case 'cuda':
      return createCudaDevice({ ordinal: Number(name.split(':')[1] ?? 0), onCompile: options.onCompile });
    case 'tfjs':
      throw new UserError('device', `the device '${name}' is not in this version: use --device cpu.`);
    default:
      return family satisfies never;
  }
}

function familyOf(name: string): (typeof deviceFamilies)[number] {
  const [prefix = ''] = name.split(':');
  const family = deviceFamilies.find((known) => known === prefix);
  if (family !== undefined && spelling.test(name)) return family;
  const near = nearest(prefix, deviceFamilies);
  throw new UserError(
    'usage',
    `unknown device '${name}'${near === undefined ? '' : ` (did you mean '${near}'?)`}: use ${deviceSpelling.words}.`,
  );
}

/** What to train in. @throws UserError (device) for a precision that the device does not have. */
export function resolvePrecision(device: Device, requested: Precision | 'auto'): Precision {
  return resolve(device.precisions, requested, `${device.kind} does not compute in`);
}

/** What to keep weights in that are only read. @throws UserError (device) for a precision that the device does not have. */
export function resolveWeightPrecision(device: Device, requested: Precision | 'auto'): Precision {
  return resolve(device.weightPrecisions, requested, `${device.kind} does not keep weights in`);
}

function resolve(known: readonly Precision[], requested: Precision | 'auto', unable: string): Precision {
  if (requested === 'auto') return known.includes('bf16') ? 'bf16' : 'fp32';
  if (known.includes(requested)) return requested;
  throw new UserError('device', `${unable} ${requested}: use --precision ${known.join(' or ')}.`);
}
