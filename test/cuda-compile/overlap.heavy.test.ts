// Checks that a thread's loads overlap: memory-bound kernels load several packs before they convert the first. Register
// counts do not show whether the compiler kept this, but the instruction order in nvcc's PTX does.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const kernelFolder = fileURLToPath(new URL('../../src/device/cuda/kernels/', import.meta.url));

/** By file and kernel: the number of 16-byte loads that must be adjacent. */
const together = {
  'attention-cached.cu': { attention_cached: 8 },
  'cross-entropy.cu': { cross_entropy: 4 },
  'layernorm.cu': { layernorm_backward: 4, residual_layernorm: 6 },
  'products.cu': { one_row: 8, few_rows: 4, one_row_transposed: 8, few_rows_transposed: 8 },
  'rows.cu': { sum_rows: 4 },
} as const;

/** Instructions that unpack two bf16 from a word to floats, or compute with those. */
const use = /\b(and\.b32\s.*, -65536;|shl\.b32\s.*, 16;|(fma\.rn|add|mul)(\.rn)?\.f32\s)/;

/** The longest run of 16-byte loads without a use of any result in between. */
function longestRun(ptx: string, kernel: string): number {
  const [, body = ''] = ptx.split(new RegExp(`\\.entry ${kernel}\\(`));
  let [run, longest] = [0, 0];
  for (const line of (body.split('.entry ')[0] ?? '').split('\n')) {
    if (line.includes('ld.global.v4.u32')) longest = Math.max(longest, ++run);
    else if (use.test(line)) run = 0;
  }
  return longest;
}

// nvcc comes with the CUDA toolkit, which is too large to install for this: without it there is no test.
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;

describe('loads overlap', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cuda-overlap-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [file, kernels] of Object.entries(hasNvcc ? together : {}))
    it(file, () => {
      const [source, ptx] = [join(folder, file), join(folder, `${file}.ptx`)];
      const texts = ['scalar.cuh', file].map((name) => readFileSync(join(kernelFolder, name), 'utf8'));
      writeFileSync(source, texts.join('\n'));
      const words = ['-ptx', '-arch=sm_90', '-std=c++17', '-DSCALAR=bf16', '-o', ptx, source];
      const { status, stderr } = spawnSync('nvcc', words, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const found = Object.keys(kernels).map((kernel) => [
        kernel,
        longestRun(readFileSync(ptx, 'utf8'), kernel),
      ]);
      const short = Object.entries(kernels).filter(
        ([kernel, count]) => (Object.fromEntries(found)[kernel] ?? 0) < count,
      );
      assert.deepEqual(short, [], JSON.stringify(found));
    });
});
