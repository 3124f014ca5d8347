// Counts the operations that a piece of code requests from a device.

import { mock } from 'node:test';
import { CheckedOperations } from '../src/device/checked-operations.js';
import type { Device } from '../src/device/device.js';
import { KernelDevice } from '../src/device/kernel-device.js';

export interface Asked {
  /** The number of calls by operation; operations that were not called are left out. */
  readonly counts: Readonly<Record<string, number>>;
  /** The owner and key of each replay, in order. */
  readonly replays: readonly (readonly [owner: unknown, key: unknown])[];
}

/** Runs `work` and records its calls to a KernelDevice. */
export function askedOfDevice(device: Device, work: () => void): Asked {
  const inherited = [CheckedOperations, KernelDevice].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype),
  );
  const asked = inherited
    .filter((name): name is keyof Device => name !== 'ready' && name !== 'constructor')
    .map((name) => [name, mock.method(device, name as 'replay').mock] as const);
  try {
    work();
  } finally {
    for (const [, method] of asked) method.restore();
  }
  const counts = asked.map(([name, { calls }]) => [name, calls.length] as const);
  const replays = asked.flatMap(([name, { calls }]) => (name === 'replay' ? calls : []));
  return {
    counts: Object.fromEntries(counts.filter(([, count]) => count !== 0)),
    replays: replays.map(({ arguments: [owner, key] }) => [owner, key]),
  };
}
