// Trains a linear filter on labelled texts, and measures it on texts that it has not learned from.

import { Random } from '../../random.js';
import { buckets, featuresOf, type LinearFilter, logistic, score } from './linear-filter.js';

export interface Labelled {
  readonly text: string;
  readonly isUnsafe: boolean;
}

export interface Measured {
  readonly texts: number;
  /** Null if nothing was found, or there was nothing to find. */
  readonly precision: number | null;
  readonly recall: number | null;
}

export interface TrainedFilter {
  readonly filter: LinearFilter;
  readonly held: Measured;
}

const epochs = 5;
const learningRate = 0.5;
const decay = 1e-5;
/** One in so many texts measures the filter. */
const heldOutOf = 10;

/** Learns from nine in ten texts in a seeded order. The same texts and seed give the same filter. */
export function trainFilter(labelled: readonly Labelled[], seed: number): TrainedFilter {
  const random = new Random(seed);
  const order = random.shuffle(Int32Array.from(labelled.keys()));
  const heldOut = Math.floor(labelled.length / heldOutOf);
  const textAt = (index: number) => labelled[index] ?? { text: '', isUnsafe: false };
  const learned = [...order.subarray(heldOut)].map((index) => {
    const { text, isUnsafe } = textAt(index);
    return { features: featuresOf(text), target: isUnsafe ? 1 : 0 };
  });
  const weights = new Float64Array(buckets);
  let bias = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = learningRate * (1 - epoch / epochs);
    for (const { features, target } of random.shuffle(learned)) {
      const norm = 1 / Math.sqrt(Math.max(1, features.length));
      let sum = 0;
      for (const feature of features) sum += weights[feature] ?? 0;
      const step = rate * (target - logistic(bias + norm * sum));
      bias += 0.1 * step;
      for (const feature of features)
        weights[feature] = (weights[feature] ?? 0) * (1 - rate * decay) + step * norm;
    }
  }
  const filter = quantized(weights, bias);
  return { filter, held: measured(filter, [...order.subarray(0, heldOut)].map(textAt)) };
}

function quantized(weights: Float64Array, bias: number): LinearFilter {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const scale = largest === 0 ? 1 : largest / 127;
  return { weights: Int8Array.from(weights, (weight) => Math.round(weight / scale)), scale, bias };
}

export function measured(filter: LinearFilter, texts: readonly Labelled[], threshold = 0.5): Measured {
  let [found, right, unsafe] = [0, 0, 0];
  for (const { text, isUnsafe } of texts) {
    const isFound = score(filter, text) >= threshold;
    if (isUnsafe) unsafe++;
    if (isFound) found++;
    if (isFound && isUnsafe) right++;
  }
  return {
    texts: texts.length,
    precision: found === 0 ? null : right / found,
    recall: unsafe === 0 ? null : right / unsafe,
  };
}
