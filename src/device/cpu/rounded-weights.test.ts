// Float32 weights in bf16 products on the units: packed from float32, they have the bits of weights that were rounded before. On
// the portable units, which every machine has.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Bench } from '../../../test/device/conformance/harness.js';
import { testRoundedWeights } from '../../../test/device/conformance/rounded-weights.js';
import { deviceOnTiles } from '../../../test/device/portable-tiles.js';

describe('on the portable tiles', () => {
  const device = deviceOnTiles();
  after(() => device.dispose());
  testRoundedWeights((title, body) => test(title, () => body(new Bench(device, 'bf16', 'aligned'))), 'bf16');
  test('they are read', () => assert.equal(device.precisions.bf16.rounds, true));
});
