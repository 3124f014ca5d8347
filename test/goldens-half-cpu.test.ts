// The golden models in bf16 on the CPU: as this processor computes, and on a portable unit, which stands for those that it may lack.

import { describe } from 'node:test';
import { kernelLibrary } from '../src/device/cpu/compiler.js';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { loadKernels } from '../src/device/cpu/library.js';
import { unitCodes } from './device/bf16-units.js';
import { describeHalfGoldens } from './half-goldens.js';

describeHalfGoldens(() => createCpuDevice(), { precisions: ['bf16'], curves: true });

describe('products and attention on portable tiles', () => {
  const open = () => {
    const device = createCpuDevice();
    const kernels = loadKernels(kernelLibrary().code);
    kernels.use_bf16_unit(unitCodes['portable tiles']);
    kernels.use_bf16_unit_in_attention(unitCodes['portable tiles']);
    return device;
  };
  describeHalfGoldens(open, { precisions: ['bf16'], curves: false });
});
