// Attention in bf16 on the portable units, which stand for instructions that this processor may lack. bf16-units.test.ts compares
// them with the processor's own.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { compareAttention } from '../../../test/device/attention-units.js';
import { describeDevice } from '../../../test/device/conformance.js';
import { deviceOnTiles, kernels } from '../../../test/device/portable-tiles.js';
import { createCpuDevice } from './cpu-device.js';

describeDevice('cpu on the portable tiles', () => deviceOnTiles(), 'bf16', { part: 'attention' });

const device = createCpuDevice({ threads: 1 });
const several = createCpuDevice({ threads: 3 });
after(() => {
  device.dispose();
  several.dispose();
});

test('attention on a unit has the same bits for any number of threads', () => {
  const unit = 'portable tiles';
  compareAttention(kernels, { device: several, unit }, { device, unit }, true);
});

for (const unit of ['portable tiles', 'portable pairs', 'portable squares'] as const)
  test(`attention on ${unit} rounds almost like widened attention`, () => {
    const widened = { device, unit: 'widening' } as const;
    const { compared, same } = compareAttention(kernels, { device, unit }, widened, false);
    assert.ok(same < compared, 'the probabilities are rounded, too');
  });
