// What cards of a compute capability can do.

import type { Precision } from '../device.js';

/** What a card trains in: half precision on the tensor cores from Volta on, bf16 from Ampere on. */
export function precisionsOf([major]: readonly [number, number]): Precision[] {
  return major >= 8 ? ['fp32', 'bf16', 'fp16'] : ['fp32', 'fp16'];
}

/** Whether float32 products can go through the tensor cores, with factors rounded to 10 bits of fraction. */
export function hasTf32([major]: readonly [number, number]): boolean {
  return major >= 8;
}
