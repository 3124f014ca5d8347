// Compares AMX with the portable tiles in a process of its own, which the emulator is preloaded into. Prints, as JSON, how many
// products and results of attention were compared, and what the emulator counted. Its environment is amxEnvironment (build.ts).

import koffi from 'koffi';
import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import { loadKernels } from '../../src/device/cpu/library.js';
import { compareAttention } from '../device/attention-units.js';
import { compareUnits } from '../device/bf16-units.js';

const device = createCpuDevice();
const kernels = loadKernels(kernelLibrary().code);
const refusal = kernels.request_tiles();
if (refusal !== 0) throw new Error(`the emulator refused with ${refusal}`);
const compared = compareUnits(kernels, device, ['AMX', 'portable tiles'], true);
const { compared: attended } = compareAttention(
  kernels,
  { device, unit: 'AMX' },
  { device, unit: 'portable tiles' },
  true,
);
const emulator = koffi.load(process.env.LD_PRELOAD ?? '');
const count = (what: string): number => emulator.func(`amx_emulator_${what}`, 'int64_t', [])();
console.log(
  JSON.stringify({
    compared,
    attended,
    executed: count('executed'),
    configured: count('configured_threads'),
  }),
);
device.dispose();
