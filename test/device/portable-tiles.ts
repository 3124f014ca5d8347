// A CPU device that multiplies bf16 numbers on the portable tiles, in matrix products and in attention, as if they were a unit of
// the processor: what a device does differently with a unit is tested on every machine.

import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { CpuDevice, createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import { loadKernels } from '../../src/device/cpu/library.js';

export const kernels = loadKernels(kernelLibrary().code);
/** As in gemm-bf16-units.h. */
const portableTiles = 1;

/**
 * Makes the kernels use the portable tiles from now on.
 * @param unit what the device says that it has; null if it is to say that bf16 is widened
 */
export function deviceOnTiles(unit: 'AMX bf16' | null = 'AMX bf16'): CpuDevice {
  const measured = createCpuDevice({ threads: 1 });
  const { bf16, bf16Attention, q8 } = measured;
  measured.dispose();
  kernels.use_bf16_unit(portableTiles);
  kernels.use_bf16_unit_in_attention(portableTiles);
  return new CpuDevice(kernels, 1, 'a compiler', {
    bf16: { ...bf16, unit, isFast: true },
    bf16Attention: { ...bf16Attention, unit, isFast: true },
    q8,
  });
}
