// The conformance suite for devices: each operation of the contract against float64 references, its gradients against
// finite differences, and the conventions of the contract (accumulation, dropout masks, segments, NaN, reproducible bits).
// A new device must pass this suite before anything is built on it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Device, dtypeOf, type Precision } from '../../src/device/device.js';
import { testAttention } from './conformance/attention.js';
import { testBlockWeights } from './conformance/block-weights.js';
import { everyOperation } from './conformance/every-operation.js';
import { Bench, type Check, expectSameResults } from './conformance/harness.js';
import { testLearning } from './conformance/learning.js';
import { testNarrowWeights } from './conformance/narrow-weights.js';
import { testNormalization } from './conformance/normalization.js';
import { testProducts } from './conformance/products.js';
import { testRoundedWeights } from './conformance/rounded-weights.js';
import { testRows } from './conformance/rows.js';

/** The parts of the suite. `rest` is everything without a part of its own. */
export type ConformancePart = 'attention' | 'products' | 'rest';

export interface Coverage {
  /** Whether tensors are aligned to vectors, for kernels that need it. By default they are unaligned. */
  readonly aligned?: boolean;
  /** The only part to test. Default: all of them. */
  readonly part?: ConformancePart | undefined;
  /** false skips large matrix products, which are too slow on a device that computes one number at a time. */
  readonly largeProducts?: boolean;
}

/**
 * Declares the tests of one device in one of its precisions. References use the same rounded inputs, so results differ only
 * by their own rounding.
 * @param create returns a new device, which the suite disposes of.
 */
export function describeDevice(
  name: string,
  create: () => Device | Promise<Device>,
  precision: Precision = 'fp32',
  { aligned = false, part, largeProducts = true }: Coverage = {},
): void {
  const type = dtypeOf[precision];
  describe(`${name} conforms to the device contract in ${precision}`, () => {
    let device: Device | undefined;
    before(async () => {
      device = await create();
    });
    after(() => device?.dispose());
    const check: Check = (title, body) => {
      test(title, () => {
        assert.ok(device);
        body(new Bench(device, type, aligned ? 'aligned' : 'unaligned'));
      });
    };

    const wanted = (each: ConformancePart) => part === undefined || part === each;
    if (wanted('attention')) describe('attention', () => testAttention(check, aligned));
    if (wanted('products')) describe('products', () => testProducts(check, type, largeProducts));
    if (!wanted('rest')) return;
    if (type !== 'f32') describe('rounded weights', () => testRoundedWeights(check, precision));
    if (type === 'f32') describe('weights in bf16', () => testNarrowWeights(check));
    if (type === 'f32') describe('weights in 8 bits', () => testBlockWeights(check));
    describe('rows', () => testRows(check, type));
    describe('normalization', () => testNormalization(check));
    describe('learning', () => testLearning(check, type));
    check('the same inputs give the same bits', (bench) => {
      expectSameResults(everyOperation(bench), everyOperation(bench), 'of the second time');
    });
  });
}
