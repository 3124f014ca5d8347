// Creates a CPU device in a process of its own, which the emulator is preloaded into, as if the emulated tiles were fast. Prints,
// as JSON, how it multiplies bf16 matrices and in attention, and how many instructions a product of it takes. Its environment is amxEnvironment
// (build.ts).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { bf16Attention, bf16Products, bf16Trials } from '../../src/device/cpu/bf16-trials.js';
import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import { loadKernels } from '../../src/device/cpu/library.js';

const library = kernelLibrary();
const kernels = loadKernels(library.code);
const trials = bf16Trials(kernels);
trials.seconds = (unit) => (unit === null ? 2 : 1);
const cache = mkdtempSync(join(tmpdir(), 'amx-choice-'));
const env = { ...process.env, XDG_CACHE_HOME: cache };
bf16Attention(kernels, library, env, bf16Products(kernels, library, env, trials), trials.seconds);
rmSync(cache, { recursive: true });
const device = createCpuDevice();
const emulator = koffi.load(process.env.LD_PRELOAD ?? '');
const executed = (): number => emulator.func('amx_emulator_executed', 'int64_t', [])();
const before = executed();
const rows = device.allocate('rows', [64, 64], 'bf16');
device.matmul(device.allocate('out', [64, 64], 'bf16'), rows, rows);
const { bf16, bf16Attention: attention, precisions } = device;
console.log(
  JSON.stringify({
    ...bf16,
    attention: attention.unit,
    ...precisions.bf16,
    executed: executed() - before,
  }),
);
device.dispose();
