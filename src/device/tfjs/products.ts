// Matrix products, activations and sums as every backend does them well.

import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../device.js';

/**
 * op(a) op(b) of matrices. WASM multiplies 10 to 40 times slower where it is to transpose by itself, so a transposed
 * factor is laid out anew there; and the right one it lays out once more, so that it had better be the smaller one.
 */
export function product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB);
  const [m, k, n] = [a.shape[0], a.shape[1], b.shape[0]];
  if (transposeB && !transposeA && 2 * m * k + m * n < 2 * n * k)
    return tf.transpose(tf.matMul(b, tf.transpose(a)));
  return tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b);
}

const rootTwoOverPi = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** Element by element. */
export function activate(activation: Activation, x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(1, slope(activation, x)));
}

/** The derivative, element by element. */
export function activationGradient(activation: Activation, x: tf.Tensor): tf.Tensor {
  const s = slope(activation, x);
  const half = tf.mul(0.5, tf.add(1, s));
  switch (activation) {
    case 'gelu_new': {
      const inner = tf.mul(rootTwoOverPi, tf.add(1, tf.mul(3 * cubic, tf.square(x))));
      return tf.add(half, tf.mul(tf.mul(tf.mul(0.5, x), tf.sub(1, tf.square(s))), inner));
    }
    case 'gelu':
      return tf.add(half, tf.mul(x, tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(x))))));
    default:
      return activation satisfies never;
  }
}

/** From -1 to 1: what is halved and moved to weigh x. */
function slope(activation: Activation, x: tf.Tensor): tf.Tensor {
  switch (activation) {
    case 'gelu_new':
      return tf.tanh(tf.mul(rootTwoOverPi, tf.add(x, tf.mul(cubic, tf.mul(x, tf.square(x))))));
    case 'gelu':
      return tf.erf(tf.mul(x, Math.SQRT1_2));
    default:
      return activation satisfies never;
  }
}

const fanIn = 64;

/** The sum of all, in a tree: backends add up in 32 bits one after the other. */
export function sumOfAll(x: tf.Tensor1D): tf.Tensor {
  let flat = x;
  while (flat.size > fanIn) {
    const rows = Math.ceil(flat.size / fanIn);
    flat = tf.sum(tf.reshape(tf.pad1d(flat, [0, rows * fanIn - flat.size]), [rows, fanIn]), 1);
  }
  return tf.sum(flat);
}
