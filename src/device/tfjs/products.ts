// Matrix products, activations and sums, in the form that is fast and accurate on every TensorFlow.js backend.

import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../device.js';

/**
 * op(a) op(b) of matrices. On WASM a product that transposes a factor itself is 10 to 40 times slower, so the factor is
 * transposed beforehand. WASM also copies the right factor to another layout, so the right one should be the smaller one.
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
  switch (activation) {
    // (1 + tanh u) / 2 is the sigmoid of 2u, which TensorFlow computes more accurately than tanh.
    case 'gelu_new':
      return tf.mul(x, tf.sigmoid(twiceInner(x)));
    case 'gelu':
      return tf.mul(x, normalDistribution(x));
    default:
      return activation satisfies never;
  }
}

/** The derivative, element by element. */
export function activationGradient(activation: Activation, x: tf.Tensor): tf.Tensor {
  switch (activation) {
    case 'gelu_new': {
      const u = twiceInner(x);
      const share = tf.sigmoid(u);
      const steepness = tf.mul(2 * rootTwoOverPi, tf.add(1, tf.mul(3 * cubic, tf.square(x))));
      return tf.add(share, tf.mul(tf.mul(tf.mul(x, share), tf.sigmoid(tf.neg(u))), steepness));
    }
    case 'gelu': {
      const density = tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(x))));
      return tf.add(normalDistribution(x), tf.mul(x, density));
    }
    default:
      return activation satisfies never;
  }
}

function twiceInner(x: tf.Tensor): tf.Tensor {
  return tf.mul(2 * rootTwoOverPi, tf.add(x, tf.mul(cubic, tf.mul(x, tf.square(x)))));
}

function normalDistribution(x: tf.Tensor): tf.Tensor {
  return tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

const fanIn = 64;

/** The sum of all elements, as a tree of sums: backends sum sequentially in 32 bits, which loses accuracy. */
export function sumOfAll(x: tf.Tensor1D): tf.Tensor {
  let flat = x;
  while (flat.size > fanIn) {
    const rows = Math.ceil(flat.size / fanIn);
    flat = tf.sum(tf.reshape(tf.pad1d(flat, [0, rows * fanIn - flat.size]), [rows, fanIn]), 1);
  }
  return tf.sum(flat);
}
