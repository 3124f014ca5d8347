// The kernels in other instruction sets that this processor runs, each compiled here. GCC tunes for some AMD processors by
// splitting some fused multiplications and additions, so one build is tuned for those.

import { readFileSync } from 'node:fs';
import { describeSameBits } from '../../../test/device/same-bits.js';

interface InstructionSet {
  readonly name: string;
  /** What /proc/cpuinfo calls the instructions. */
  readonly needs: readonly string[];
  readonly flags: readonly string[];
}

const haswell = ['avx2', 'fma', 'bmi1', 'bmi2', 'movbe', 'f16c', 'abm'];
const instructionSets: readonly InstructionSet[] = [
  { name: 'SSE2', needs: [], flags: ['-march=x86-64'] },
  { name: 'AVX2', needs: haswell, flags: ['-march=haswell'] },
  { name: 'AVX2, tuned for Zen', needs: haswell, flags: ['-march=haswell', '-mtune=znver1'] },
  {
    name: 'AVX-512',
    needs: [...haswell, 'avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl', 'clwb', 'pku'],
    flags: ['-march=skylake-avx512'],
  },
];

function instructionsOfProcessor(): ReadonlySet<string> {
  if (process.arch !== 'x64' || process.platform !== 'linux') return new Set();
  return new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.trim().split(/\s+/));
}

const has = instructionsOfProcessor();
for (const { name, needs, flags } of instructionSets)
  if (has.size > 0 && needs.every((instruction) => has.has(instruction))) describeSameBits(name, flags);
