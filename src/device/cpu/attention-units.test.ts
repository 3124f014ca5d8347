// Attention in bf16 on the portable units, which stand for the instructions that this processor may lack: the contract. What
// else is computed is widened. bf16-units.test.ts compares them with the processor's own units.

import { describeDevice } from '../../../test/device/conformance.js';
import { kernelLibrary } from './compiler.js';
import { createCpuDevice } from './cpu-device.js';
import { loadKernels } from './library.js';

/** As in gemm-bf16-units.h. */
const portable = { tiles: 1, pairs: 2, squares: 3 } as const;

for (const [name, unit] of Object.entries(portable))
  describeDevice(
    `cpu with portable ${name}`,
    () => {
      const device = createCpuDevice();
      loadKernels(kernelLibrary().code).use_bf16_unit_in_attention(unit);
      return device;
    },
    'bf16',
    { part: 'attention' },
  );
