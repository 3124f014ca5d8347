// Memory for the gradients that flow back through the blocks. All blocks use the same memory, one after another.

import type { Allocator } from '../device/device.js';
import type { DType, Tensor } from '../device/tensor.js';
import type { GPT2Config } from './gpt2-config.js';

export interface GradientScratch {
  /** Gradient of the residual stream, f32[R,C]. Every block adds to it. */
  readonly stream: Tensor;
  /** Gradient of a branch, then of the layernorm output that the branch was computed from, [R,C]. */
  readonly branch: Tensor;
  /** Gradient of the attention output before its projection, [R,C]. */
  readonly attended: Tensor;
  /** [R,3C]. Shares its memory with `wide`, because the two are never needed at the same time. */
  readonly qkv: Tensor;
  /** [R,nInner]. */
  readonly wide: Tensor;
}

/**
 * Allocates scratch memory for up to `capacity` positions, in `dtype` except for the f32 stream.
 * @returns a function that gives the views for a number of positions.
 */
export function allocateGradientScratch(
  allocator: Allocator,
  { nEmbd, nInner }: GPT2Config,
  capacity: number,
  dtype: DType,
): (rows: number) => GradientScratch {
  const allocate = (elements: number, type = dtype) =>
    allocator.allocate('activation gradients', [elements], type);
  const stream = allocate(capacity * nEmbd, 'f32');
  const branch = allocate(capacity * nEmbd);
  const attended = allocate(capacity * nEmbd);
  const shared = allocate(capacity * Math.max(3 * nEmbd, nInner));
  return (rows) => ({
    stream: stream.view(0, [rows, nEmbd]),
    branch: branch.view(0, [rows, nEmbd]),
    attended: attended.view(0, [rows, nEmbd]),
    qkv: shared.view(0, [rows, 3 * nEmbd]),
    wide: shared.view(0, [rows, nInner]),
  });
}
