import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attentionParameters } from '../../src/device/cuda/attention-launches.js';
import { launches } from '../../src/device/cuda/launches.js';
import { nvidiaKernels, sanitizerFlags, sanitizerReports, sanitizerTools } from './sanitizer.js';

test('reports are counted by kernel, between the lines of the tests', () => {
  const output = [
    '========= COMPUTE-SANITIZER',
    '{"test":"sumRows","outcome":"passed"}',
    '========= Uninitialized __global__ memory read of size 4 bytes',
    '=========     at add_slices+0x150 in rows.cu:72',
    '=========     by thread (0,0,0) in block (0,0,0)',
    '=========     Address 0x7fc406200400',
    '========= ',
    '========= Uninitialized __global__ memory read of size 4 bytes',
    '=========     at add_slices+0x150 in rows.cu:72',
    '=========     by thread (1,0,0) in block (0,0,0)',
    '========= Invalid __global__ write of size 2 bytes',
    '=========     at attention(float *, int)+0x20',
    '========= ERROR SUMMARY: 3 errors',
  ].join('\n');
  assert.deepEqual(sanitizerReports(output), [
    { what: 'Uninitialized __global__ memory read of size 4 bytes', kernel: 'add_slices', count: 2 },
    { what: 'Invalid __global__ write of size 2 bytes', kernel: 'attention', count: 1 },
  ]);
});

test('a race is one report, about the kernel of its first access', () => {
  const output = [
    '========= Error: Race reported between Write access at sum_rows+0x460 in rows.cu:41',
    '=========     and Read access at sum_rows+0x7a0 in rows.cu:51 [508 hazards]',
    '========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)',
  ].join('\n');
  assert.deepEqual(sanitizerReports(output), [
    { what: 'Error: Race reported between Write access', kernel: 'sum_rows', count: 1 },
  ]);
});

test('a clean run has no reports', () => {
  assert.deepEqual(sanitizerReports('========= COMPUTE-SANITIZER\n========= ERROR SUMMARY: 0 errors\n'), []);
});

test("only racecheck leaves out NVIDIA's kernels, and every tool fails the run with a status of its own", () => {
  for (const tool of sanitizerTools) {
    const flags = sanitizerFlags(tool).join(' ');
    assert.equal(flags.includes('--kernel-name-exclude'), tool === 'racecheck', tool);
    assert.match(flags, new RegExp(`--tool ${tool} --error-exitcode 9`));
  }
});

test("none of our kernels is taken for one of NVIDIA's", () => {
  const ours = [...Object.keys(launches), ...Object.keys(attentionParameters)];
  assert.ok(ours.includes('sum_rows') && ours.includes('attention_cached'));
  assert.deepEqual(
    ours.filter((name) => new RegExp(nvidiaKernels).test(name)),
    [],
  );
});
