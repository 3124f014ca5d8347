// What cards of a given compute capability support.

import type { Precision } from '../device.js';

/** The precisions a card can train in: tensor cores take fp16 from Volta on and bf16 from Ampere on. */
export function precisionsOf([major]: readonly [number, number]): Precision[] {
  return major >= 8 ? ['fp32', 'bf16', 'fp16'] : ['fp32', 'fp16'];
}

/** Whether tensor cores can compute float32 products with inputs rounded to TF32 (10 bits of fraction). */
export function hasTf32([major]: readonly [number, number]): boolean {
  return major >= 8;
}
