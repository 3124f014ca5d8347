// Weights for measurements, with the scale of a fresh model. They repeat one block of random numbers, because drawing
// hundreds of millions would take longer than the measurement.

import type { GPT2 } from '../src/nn/gpt2.js';
import { Random } from '../src/random.js';

/** A prime, so that no two rows of a matrix are equal. */
const stretch = 65_521;

/** Loads the same weights every time; matrices have the standard deviation `initializerRange`. */
export function loadRepeatedWeights({ device, config, parameters }: GPT2): void {
  const random = new Random(1);
  // Uniform numbers in (-1, 1) have a standard deviation of 1/sqrt(3).
  const scale = Math.sqrt(3) * config.initializerRange;
  const numbers = Float32Array.from({ length: stretch }, () => scale * (random.next() / 2 ** 31 - 1));
  for (const { name, value } of parameters) {
    const data = new Float32Array(value.size);
    if (/ln_(1|2|f)\.weight$/.test(name)) data.fill(1);
    else if (name.endsWith('.weight'))
      for (let from = 0; from < data.length; from += stretch)
        data.set(numbers.subarray(0, Math.min(stretch, data.length - from)), from);
    parameters.load(device, name, data);
  }
}
