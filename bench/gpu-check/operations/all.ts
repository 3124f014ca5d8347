// The list of all operations of the device contract, each with the calls that a training step or a decoded token makes.

import type { Device, Operations } from '../../../src/device/device.js';
import { attention, attentionBackward, attentionCached } from './attention.js';
import { adamw, crossEntropy, prepareUpdate, sum, sumOfSquares } from './learning.js';
import {
  blockProducts,
  bytesOf,
  decodingProducts,
  flopsOf,
  headProducts,
  preparedProduct,
  shapeOf,
} from './model-products.js';
import {
  embedding,
  embeddingBackward,
  gatherRows,
  layernorm,
  layernormBackward,
  residualLayernorm,
  scatterRows,
  sumRows,
} from './rows.js';
import type { OperationCase, Setting } from './setting.js';
import { copy, download, fill, upload } from './transfers.js';

/** What moves numbers, which devices offer beside the contract's operations. */
export const transfers = ['upload', 'download', 'fill', 'copy'] as const satisfies (keyof Device)[];
export type Operation = keyof Operations | (typeof transfers)[number];

/** A new operation of the contract does not compile without a line here. */
export const operations: Readonly<Record<Operation, (setting: Setting) => OperationCase | OperationCase[]>> =
  {
    upload,
    download,
    fill,
    copy,
    matmul,
    sumRows,
    embedding,
    embeddingBackward,
    layernorm,
    residualLayernorm,
    layernormBackward,
    attention,
    attentionBackward,
    attentionCached,
    gatherRows,
    scatterRows,
    crossEntropy,
    sum,
    sumOfSquares,
    prepareUpdate,
    adamw,
  };

function matmul({ operands, config, rows, headRows, width }: Setting): OperationCase[] {
  const products = [
    ...blockProducts(config, rows),
    ...headProducts(config, headRows, width),
    ...decodingProducts(config, width),
  ];
  return products.map((product) => ({
    variant: product.name,
    shape: shapeOf(product),
    bytes: bytesOf(product, operands.dtype),
    flops: flopsOf(product),
    prepare: () => preparedProduct(operands, product),
  }));
}
