// The loss of the device contract, and its gradient, which overwrites the logits.

import * as tf from '@tensorflow/tfjs-core';
import type { CrossEntropyOptions } from '../device.js';
import type { Tensor } from '../tensor.js';
import type { TfjsMemory } from './memory.js';

/** See `crossEntropy` in the device contract, for at least one row. Runs in the caller's tidy. */
export function crossEntropy(
  memory: TfjsMemory,
  losses: Tensor,
  logits: Tensor,
  targets: Tensor,
  options: CrossEntropyOptions,
): void {
  const [rows, width] = [logits.extent(0), logits.extent(1)];
  const { labelSmoothing, gradientScale, vocabulary = width } = options;
  const ids = memory.integers(targets);
  const learned = ids.some((id) => id < 0) ? Uint8Array.from(ids, (id) => Number(id >= 0)) : undefined;
  /** x, but 0 in rows with a negative target. */
  const ofLearnt = (x: tf.Tensor, shape: number[]) =>
    learned ? tf.where(tf.reshape(tf.tensor1d(learned, 'bool'), shape), x, tf.zerosLike(x)) : x;
  const whole = memory.read<tf.Rank.R2>(logits);
  const all = vocabulary === width ? whole : tf.slice2d(whole, [0, 0], [rows, vocabulary]);
  const shifted = tf.sub(all, tf.max(all, 1, true));
  const weights = tf.exp(shifted);
  const sums = tf.sum(weights, 1, true);
  const places = Int32Array.from(ids, (id, row) => row * vocabulary + Math.max(0, id));
  const right = tf.gather(tf.reshape(shifted, [rows * vocabulary]), tf.tensor1d(places, 'int32'));
  const logSums = tf.reshape(tf.log(sums), [rows]);
  const own = tf.sub(logSums, right);
  const smooth = (of: tf.Tensor) =>
    tf.add(tf.mul(1 - labelSmoothing, of), tf.mul(labelSmoothing, tf.sub(logSums, tf.mean(shifted, 1))));
  memory.write(losses, ofLearnt(labelSmoothing === 0 ? own : smooth(own), [rows]));
  if (gradientScale === undefined) return;
  const wanted = tf.scatterND(tf.tensor2d(places, [rows, 1], 'int32'), tf.fill([rows], 1 - labelSmoothing), [
    rows * vocabulary,
  ]);
  const others = tf.sub(tf.div(weights, sums), tf.reshape(wanted, [rows, vocabulary]));
  const apart = labelSmoothing === 0 ? others : tf.sub(others, labelSmoothing / vocabulary);
  const gradient = tf.mul(apart, tf.prod(memory.read(gradientScale)));
  const learning = ofLearnt(gradient, [rows, 1]) as tf.Tensor2D;
  memory.write(
    logits,
    vocabulary === width
      ? learning
      : tf.pad2d(learning, [
          [0, 0],
          [0, width - vocabulary],
        ]),
  );
}
