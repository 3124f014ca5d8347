// Weights for measurements: of a fresh model's size and sign, from one stretch of random numbers that repeats, since
// drawing hundreds of millions takes longer than what is measured with them.

import type { GPT2 } from '../src/nn/gpt2.js';
import { Random } from '../src/random.js';

/** A prime, so that no two rows of a matrix are alike. */
const stretch = 65_521;

/** Always the same; matrices have the standard deviation `initializerRange`. */
export function loadRepeatedWeights({ device, config, parameters }: GPT2): void {
  const random = new Random(1);
  // Uniform numbers in (-1, 1) have a deviation of 1/sqrt(3).
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
