// The CPU device against the contract, and the references against published values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCpuDevice } from '../../src/device/cpu/cpu-device.js';
import { describeDevice } from './conformance.js';
import { activate, philox } from './reference.js';

test('the reference Philox gives the known answers of Random123', () => {
  const max = 0xffffffff;
  const inputs = [
    [
      [0, 0, 0, 0],
      [0, 0],
    ],
    [
      [max, max, max, max],
      [max, max],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
    ],
  ] as const;
  const answers = {
    7: [
      [0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48],
      [0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662],
      [0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a],
    ],
    10: [
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  };
  for (const [rounds, expected] of Object.entries(answers))
    assert.deepEqual(
      inputs.map(([counter, key]) => philox(counter, key, Number(rounds))),
      expected,
    );
});

test('the reference GELUs agree with tabulated values', () => {
  // Phi(1) and Phi(3) from tables of the normal distribution; gelu(x) = x Phi(x).
  assert.ok(Math.abs(activate('gelu', 1) - 0.841344746068543) < 1e-14);
  assert.ok(Math.abs(activate('gelu', 4) - 4 * 0.999968328758167) < 1e-14);
  assert.ok(Math.abs(activate('gelu', -4) + 4 * 3.16712418331199e-5) < 1e-15);
  assert.ok(Math.abs(activate('gelu_new', 1) - activate('gelu', 1)) < 5e-4);
});

test('the CPU accepts weights in bf16 beside activations in f32, and the reverse, but no other mixture', () => {
  const device = createCpuDevice({ threads: 1 });
  const [rows, narrow] = [device.allocate('rows', [2, 2]), device.allocate('narrow', [2, 2], 'bf16')];
  device.matmul(device.allocate('out', [2, 2]), rows, narrow);
  device.matmul(device.allocate('out', [2, 2], 'bf16'), narrow, rows);
  assert.throws(() => device.matmul(narrow, rows, rows), /out is narrow bf16\[2,2\], expected f32/);
  assert.throws(() => device.allocate('half', [2, 2], 'f16'), /the CPU does not support f16/);
  device.dispose();
});

describeDevice('cpu', () => createCpuDevice());
