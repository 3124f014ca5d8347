// What cards of a given compute capability support.

import type { Precisions } from '../device.js';

/** Tensor cores take fp16 from Volta on and bf16 from Ampere on. No kernel widens weights. */
export function precisionsOf([major]: readonly [number, number]): Precisions {
  return {
    fp32: { computes: 'fast', stores: 'fast' },
    bf16: { computes: major >= 8 ? 'fast' : false, stores: false },
    fp16: { computes: 'fast', stores: false },
    int8: { computes: false, stores: false },
  };
}

/** Whether tensor cores can compute float32 products with inputs rounded to TF32 (10 bits of fraction). */
export function hasTf32([major]: readonly [number, number]): boolean {
  return major >= 8;
}
