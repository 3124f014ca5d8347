// The loss and the optimizer. The memory's rate limits them, so their floating point operations are counted roughly.

import type { OperationCase, Setting } from './setting.js';

/** One chunk of the head's logits, as a step computes them. */
export function crossEntropy(setting: Setting): OperationCase[] {
  const { headRows, width, b, operands, batch, config } = setting;
  const size = headRows * width;
  return [false, true].map((gradient) => ({
    variant: gradient ? 'with gradient' : 'loss only',
    shape: `[${headRows},${width}]`,
    bytes: b * size * (gradient ? 2 : 1) + 8 * headRows,
    flops: size * (gradient ? 6 : 4),
    prepare: () => {
      const [losses, logits] = [setting.sums(headRows), setting.random(headRows, width)];
      const targets = operands.integers(batch.targets.subarray(0, headRows));
      const options = {
        labelSmoothing: 0,
        vocabulary: config.vocabSize,
        ...(gradient && { gradientScale: setting.exact(2) }),
      };
      return () => operands.device.crossEntropy(losses, logits, targets, options);
    },
  }));
}

/** Of a micro-batch's losses. */
export function sum(setting: Setting): OperationCase {
  const { rows, operands } = setting;
  const prepare = () => {
    const [out, x] = [setting.sums(1), setting.exact(rows)];
    return () => operands.device.sum(out, x);
  };
  return { shape: `[${rows}]`, bytes: 4 * rows, flops: rows, prepare };
}

/** Of all gradients. */
export function sumOfSquares(setting: Setting): OperationCase {
  const { parameters, operands } = setting;
  const prepare = () => {
    const [out, x] = [setting.sums(1), setting.exact(parameters)];
    return () => operands.device.sumOfSquares(out, x);
  };
  return { shape: `[${parameters}]`, bytes: 4 * parameters, flops: 2 * parameters, prepare };
}

export function prepareUpdate(setting: Setting): OperationCase {
  const prepare = () => {
    const [step, squares] = [setting.sums(6), setting.sums(1)];
    const options = { maxNorm: 1, beta1: 0.9, beta2: 0.999 };
    return () => setting.operands.device.prepareUpdate(step, squares, options);
  };
  return { shape: '[6]', bytes: 52, flops: 20, prepare };
}

/** Parameters, gradients and both moments, read and written; in half precision also the working copy. */
export function adamw(setting: Setting): OperationCase {
  const { parameters, b, operands } = setting;
  const mixed = operands.dtype !== 'f32';
  const prepare = () => {
    const [values, gradients] = [setting.exact(parameters), setting.exact(parameters)];
    const [first, second, step] = [setting.sums(parameters), setting.sums(parameters), setting.sums(6)];
    operands.device.upload(step, Float32Array.of(1e-5, 1, 0.1, 0.001, 1, 1));
    const options = {
      ...{ step, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
      ...(mixed && { working: setting.zeros(parameters) }),
    };
    return () => operands.device.adamw(values, gradients, first, second, options);
  };
  const bytes = (32 + (mixed ? b : 0)) * parameters;
  return { shape: `[${parameters}]${mixed ? ' and a copy' : ''}`, bytes, flops: 15 * parameters, prepare };
}
