// Preloaded into programs on the emulated Arm processor: their kernels multiply bf16 matrices with the unit named in BF16_UNIT, or
// widen them without it, and few rows by weights in 8 bits with SDOT. What is fast on an emulator says nothing, and measuring it
// there takes minutes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bf16Products, bf16Trials } from '../../src/device/cpu/bf16-trials.js';
import { kernelLibrary } from '../../src/device/cpu/compiler.js';
import { loadKernels } from '../../src/device/cpu/library.js';
import { q8Products, q8Trials } from '../../src/device/cpu/q8-trials.js';
import type { Trials } from '../../src/device/cpu/unit-choice.js';

function pretendFastest<Name extends string>(trials: Trials<Name>, wanted: string | null): Trials<Name> {
  trials.seconds = (unit) => ((unit?.name ?? null) === wanted ? 1 : 2);
  return trials;
}

const library = kernelLibrary();
const kernels = loadKernels(library.code);
const [bf16, q8] = [process.env.BF16_UNIT ?? null, 'SDOT'];
// Otherwise later programs would find the choices there.
const cache = mkdtempSync(join(tmpdir(), 'arm-choice-'));
const env = { ...process.env, XDG_CACHE_HOME: cache };
const chosen = [
  bf16Products(kernels, library, env, pretendFastest(bf16Trials(kernels), bf16)).unit,
  q8Products(kernels, library, env, pretendFastest(q8Trials(kernels), q8)).unit,
];
rmSync(cache, { recursive: true });
if (chosen[0] !== bf16 || chosen[1] !== q8) throw new Error(`the kernels use ${chosen}, not ${[bf16, q8]}`);
