// Checks the CUDA device on an emulated card of compute capability 7.5. It has fp16, but neither bf16 nor the tensor
// core instructions of later cards.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { describeDevice } from '../../../test/device/conformance.js';
import { computedIn } from '../select.js';

process.env.CUDA_EMULATOR_COMPUTE_CAPABILITY = '7.5';

test('a card before Ampere has no bf16', () => {
  const device = createEmulatedDevice();
  assert.deepEqual(computedIn(device.precisions), ['fp32', 'fp16']);
  const rows = device.allocate('rows', [2, 4], 'bf16');
  const index = device.allocate('index', [2], 'i32');
  assert.throws(
    () => device.gatherRows(rows, rows, index),
    /rows bf16\[2,4\] has a dtype that this device does not compute in/,
  );
  device.dispose();
});

describeDevice('cuda (emulated 7.5)', () => createEmulatedDevice(), 'fp16', {
  aligned: true,
  part: 'attention',
});
