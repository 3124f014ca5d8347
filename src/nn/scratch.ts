// Memory for what flows back through the blocks: each uses it in turn and none keeps it.

import type { Allocator } from '../device/device.js';
import type { DType, Tensor } from '../device/tensor.js';
import type { GPT2Config } from './gpt2-config.js';

export interface GradientScratch {
  /** Gradient of the residual stream, f32[R,C]: what all blocks add to. */
  readonly stream: Tensor;
  /** Gradient of a branch, then of the normalised input that it was computed from, [R,C]. */
  readonly branch: Tensor;
  /** [R,C]. */
  readonly attended: Tensor;
  /** [R,3C]; the memory of `wide`, which is used at other times. */
  readonly qkv: Tensor;
  /** [R,nInner]. */
  readonly wide: Tensor;
}

/** Scratch for up to `capacity` rows, of that type but for the stream's; call the result with the rows at hand. */
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
