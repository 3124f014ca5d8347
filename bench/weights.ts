// Weights for measurements, with the scale of a fresh model. They repeat one block of random numbers, because drawing
// hundreds of millions would take longer than the measurement.

import type { GPT2 } from '../src/nn/gpt2.js';
import { Random } from '../src/random.js';

/** A prime, so that no two rows of a matrix are equal. */
const stretch = 65_521;
/** Numbers of an upload: whole blocks of weights in 8 bits. */
const piece = 32 * stretch;

/**
 * Loads the same weights every time; matrices have the standard deviation `initializerRange`. Piece by piece, because the peak
 * memory of a measurement must not contain arrays of whole matrices, which no training run holds.
 */
export function loadRepeatedWeights({ device, config, parameters }: GPT2): void {
  const random = new Random(1);
  // Uniform numbers in (-1, 1) have a standard deviation of 1/sqrt(3).
  const scale = Math.sqrt(3) * config.initializerRange;
  const numbers = Float32Array.from({ length: stretch }, () => scale * (random.next() / 2 ** 31 - 1));
  const repeated = new Float32Array(piece);
  for (let from = 0; from < piece; from += stretch) repeated.set(numbers, from);
  for (const { name, value, master } of parameters)
    for (const tensor of new Set([master, value])) {
      const isMatrix = name.endsWith('.weight') && tensor.shape.length > 1;
      if (!isMatrix) device.fill(tensor, name.endsWith('.weight') ? 1 : 0);
      else
        for (let from = 0; from < tensor.size; from += piece) {
          const count = Math.min(piece, tensor.size - from);
          device.upload(tensor.view(from, [count]), repeated.subarray(0, count));
        }
    }
}
