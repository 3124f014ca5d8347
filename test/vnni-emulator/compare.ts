// Compares AVX-VNNI with the portable products of bytes in a process of its own, which the emulator is preloaded into. Prints, as
// JSON, how many products were compared, and how many instructions were emulated. Its environment is vnniEnvironment
// (amx-emulator/build.ts).

import koffi from 'koffi';
import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { CpuDevice } from '../../src/device/cpu/cpu-device.js';
import { loadKernels } from '../../src/device/cpu/library.js';
import { compareDots } from '../device/q8-products.js';

const kernels = loadKernels(kernelLibrary().code);
// No choice: measuring emulated instructions would take long.
const widened = { unit: null, kind: 0, isFast: false, description: 'widened', note: null };
const device = new CpuDevice(kernels, 2, 'a compiler', {
  bf16: widened,
  bf16Attention: widened,
  q8: widened,
});
const compared = compareDots(kernels, device, 'AVX-VNNI');
const emulator = koffi.load(process.env.LD_PRELOAD ?? '');
const executed = emulator.func('vnni_emulator_executed', 'int64_t', [])();
console.log(JSON.stringify({ compared, executed }));
device.dispose();
