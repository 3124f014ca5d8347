// What cards of a compute capability can do.

import type { Precision } from '../device.js';

/** What a card trains in, the plainest first: half precision on the tensor cores from Volta on, bf16 from Ampere on. */
export function precisionsOf([major]: readonly [number, number]): Precision[] {
  return major >= 8 ? ['fp32', 'bf16', 'fp16'] : ['fp32', 'fp16'];
}
