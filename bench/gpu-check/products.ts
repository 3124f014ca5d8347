// Computes every matrix product of a model's block and head once with random operands, and reports how the device decided
// to compute each: which of cuBLASLt's algorithms, with what fused, and how long each candidate took. The head is
// computed for all rows, and for as many as a training step computes at a time.
//
//     node dist/bench/gpu-check/products.js --device cuda --model medium --rows 16384 --precision bf16

import { parseArgs } from 'node:util';
import type { MeasuredProduct } from '../../src/device/cuda/product-cache.js';
import { presetConfig } from '../../src/nn/gpt2-config.js';
import { headChunkRows, logitsWidth } from '../../src/nn/lm-head.js';
import { precisionOf } from '../measure.js';
import { openCard } from './card.js';
import { Operands } from './operands.js';
import { blockProducts, headProducts, preparedProduct } from './operations/model-products.js';

export interface NamedProduct extends MeasuredProduct {
  /** The layer that it belongs to. */
  readonly name: string;
}

export interface ProductsResult {
  readonly products: readonly NamedProduct[];
}

const { values } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    precision: { type: 'string', default: 'bf16' },
    model: { type: 'string', default: 'medium' },
    vocabulary: { type: 'string', default: '50257' },
    rows: { type: 'string', default: '16384' },
    /** Smaller products, in multiplications, are not measured; by default the device decides. */
    least: { type: 'string' },
  },
});
const config = presetConfig(values.model, Number(values.vocabulary));
const device = openCard(values.device, {
  ...(values.least !== undefined && { leastMeasured: Number(values.least) }),
});
const operands = new Operands(device, precisionOf(values.precision));
const rows = Number(values.rows);
const width = logitsWidth(device, config);
const headRows = new Set([rows, Math.min(rows, headChunkRows(device, config, operands.dtype))]);
const products: NamedProduct[] = [];
for (const product of [
  ...blockProducts(config, rows),
  ...[...headRows].flatMap((count) => headProducts(config, count, width)),
]) {
  const before = device.products().length;
  preparedProduct(operands, product)();
  for (const measured of device.products().slice(before)) products.push({ name: product.name, ...measured });
  // The last line counts, so what was measured survives a time limit.
  const result: ProductsResult = { products };
  console.log(JSON.stringify(result));
}
device.dispose();
