// Products of bf16 numbers in the CPU kernels, as in bf16-products.test.ts, whose references take long to compute.

import { test } from 'node:test';
import {
  device,
  expectForm,
  inFloat32,
  kernels,
  portableTiles,
  testBitsOfProducts,
} from '../../../test/device/bf16-bits.js';
import { expectedOf, Product, productOnTiles, randomInputs } from '../../../test/device/bf16-products.js';
import { Bench } from '../../../test/device/conformance/harness.js';

testBitsOfProducts({
  widened: [[17, 800, 801]],
  onUnits: [
    [17, 1100, 40],
    [20, 30, 2100],
    [530, 20, 300],
  ],
});

test('an output that is larger than the caches is the same', () => {
  const inputs = randomInputs([1050, 512, 20], { transposeA: false, transposeB: false });
  const product = productOnTiles(inputs);
  kernels.use_bf16_unit(portableTiles);
  for (const alignment of ['aligned', 'unaligned'] as const) {
    const narrow = new Product(kernels, new Bench(device, 'f32', alignment), inputs);
    for (const form of ['bf16', 'bias', 'gelu_new', 'gradient of gelu'] as const)
      expectForm(narrow, form, expectedOf(product, inputs, form, inFloat32), alignment);
  }
});
