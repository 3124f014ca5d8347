// What every device must do: each operation of the contract against float64 definitions, its gradients against finite
// differences, and the conventions of the contract (accumulation, dropout's masks, segments, NaN, the same bits
// again). A new device passes this suite before anything is built on it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { testAttention } from './conformance/attention.js';
import { everyOperation } from './conformance/every-operation.js';
import { Bench, type Check } from './conformance/harness.js';
import { testLearning } from './conformance/learning.js';
import { testNarrowWeights } from './conformance/narrow-weights.js';
import { testNormalization } from './conformance/normalization.js';
import { testProducts } from './conformance/products.js';
import { testRows } from './conformance/rows.js';
import type { Device } from './device.js';

/** Declares the tests of one device. @param create gives a fresh one; the suite disposes of it. */
export function describeDevice(name: string, create: () => Device): void {
  describe(`${name} conforms to the device contract`, () => {
    let device: Device | undefined;
    before(() => {
      device = create();
    });
    after(() => device?.dispose());
    const check: Check = (title, body) => {
      test(title, () => {
        assert.ok(device);
        body(new Bench(device));
      });
    };

    describe('products', () => testProducts(check));
    describe('weights in bf16', () => testNarrowWeights(check));
    describe('rows', () => testRows(check));
    describe('normalization', () => testNormalization(check));
    describe('attention', () => testAttention(check));
    describe('learning', () => testLearning(check));
    check('the same inputs give the same bits', (bench) => {
      assert.deepEqual(everyOperation(bench), everyOperation(bench));
    });
  });
}
