// What operations of the device contract cost at least: the floating-point operations of those that compute, and the bytes
// that the others read and write.

import type { Device, MatmulOptions } from '../src/device/device.js';
import { bytesPerElement, Tensor } from '../src/device/tensor.js';

export interface Cost {
  readonly flops?: number;
  readonly bytes?: number;
}

type Costs = {
  readonly [Name in keyof Device]?: Device[Name] extends (...args: infer Args) => unknown
    ? (args: Args, length: number) => Cost
    : never;
};

const costs: Costs = {
  matmul: ([out, a, , options]) => ({ flops: 2 * out.size * depthOf(a, options) }),
  // Each of the two products computes the causal half: length / 2 keys for each position on average.
  attention: ([out], length) => ({ flops: 2 * out.size * length }),
  // Five products, as the probabilities are computed again.
  attentionBackward: ([, gradOut], length) => ({ flops: 5 * gradOut.size * length }),
  // With a gradient, the logits are overwritten.
  crossEntropy: ([losses, logits, targets, { gradientScale }]) => ({
    bytes: bytesOf(losses, logits, targets) + (gradientScale ? bytesOf(logits) : 0),
  }),
  adamw: ([parameters, , , , { working }]) => ({ bytes: adamwBytes(parameters, working) }),
  fill: bytesOfAll,
  copy: bytesOfAll,
  sumRows: bytesOfAll,
  layernorm: bytesOfAll,
  residualLayernorm: bytesOfAll,
  // Adds to the gradient of its input.
  layernormBackward: (args) => ({ bytes: bytesOf(args[0], ...tensorsIn(args)) }),
  // Of the tables, the rows that are read, in the dtype of the output.
  embedding: ([out, tokens, positions]) => ({ bytes: 3 * bytesOf(out) + bytesOf(tokens, positions) }),
  // Adds to a row of both gradients, in f32.
  embeddingBackward: ([, gradOut, tokens, positions]) => ({
    bytes: bytesOf(gradOut, tokens, positions) + 2 * 2 * 4 * gradOut.size,
  }),
  gatherRows: ([out, , index]) => ({ bytes: 2 * bytesOf(out) + bytesOf(index) }),
  scatterRows: bytesOfAll,
  sum: bytesOfAll,
  sumOfSquares: bytesOfAll,
};

/** @param length the tokens of each sequence of the batch, for attention. */
export function costOf(operation: string, args: readonly unknown[], length: number): Cost {
  const cost = (costs as Readonly<Record<string, (args: readonly unknown[], length: number) => Cost>>)[
    operation
  ];
  return cost?.(args, length) ?? {};
}

/** AdamW reads and writes parameters, gradients (it sets them to zero) and two moments, and writes the working copy. */
export function adamwBytes(parameters: Tensor, working?: Tensor): number {
  return 8 * bytesOf(parameters) + (working ? bytesOf(working) : 0);
}

/** k of a product. */
export function depthOf(a: Tensor, { transposeA = false }: MatmulOptions = {}): number {
  return a.extent(transposeA ? 0 : 1);
}

function bytesOf(...tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { size, dtype }) => sum + size * bytesPerElement[dtype], 0);
}

/** Of an operation that reads or writes each of its tensors once. */
function bytesOfAll(args: readonly unknown[]): Cost {
  return { bytes: bytesOf(...tensorsIn(args)) };
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}
