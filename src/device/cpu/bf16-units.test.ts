// The instructions for bf16 that this processor has, against the portable units that stand for them.

import { after, test } from 'node:test';
import { compareAttention } from '../../../test/device/attention-units.js';
import { compareUnits, type UnitName, unitCodes } from '../../../test/device/bf16-units.js';
import { kernelLibrary } from './compiler.js';
import { createCpuDevice } from './cpu-device.js';
import { loadKernels } from './library.js';

const device = createCpuDevice({ threads: 1 });
const kernels = loadKernels(kernelLibrary().code);
after(() => device.dispose());

/** Each with its portable unit, and whether it rounds in the same order everywhere. */
const units = [
  ['AMX', 'portable tiles', true],
  ['AVX-512 BF16', 'portable pairs', false],
  ['BFMMLA', 'portable squares', false],
] as const satisfies readonly (readonly [UnitName, UnitName, boolean])[];

for (const [unit, portable, exact] of units)
  if (kernels.has_bf16_unit(unitCodes[unit]) && (unit !== 'AMX' || kernels.request_tiles() === 0))
    test(`${unit} ${exact ? 'has the bits of' : 'rounds like'} ${portable}`, () => {
      compareUnits(kernels, device, [unit, portable], exact);
      compareAttention(kernels, { device, unit }, { device, unit: portable }, exact);
    });
