// Attention, in training with and without dropout, and for one token of decoding. Only the causal half of its products is
// counted: 2 R T C / 2 multiplications and additions each.

import type { AttentionOptions } from '../../../src/device/device.js';
import type { OperationCase, Setting } from './setting.js';

const dropouts = [
  { variant: 'without dropout', probability: 0 },
  { variant: 'with dropout', probability: 0.1 },
] as const;

/** Two products: scores, and the weighted values. */
export function attention(setting: Setting): OperationCase[] {
  const { rows, channels, size, b, tokens, operands, config } = setting;
  return dropouts.map(({ variant, probability }) => ({
    variant,
    shape: shapeOf(setting),
    bytes: 4 * b * size + 4 * config.nHead * rows,
    flops: 2 * size * tokens,
    prepare: () => {
      const [out, qkv] = [setting.zeros(rows, channels), setting.random(rows, 3 * channels)];
      const [logSumExp, options] = [setting.sums(config.nHead, rows), optionsOf(setting, probability)];
      return () => operands.device.attention(out, logSumExp, qkv, options);
    },
  }));
}

/** Five products: scores, and the gradients of probabilities, values, queries and keys. */
export function attentionBackward(setting: Setting): OperationCase[] {
  const { rows, channels, size, b, tokens, operands, config } = setting;
  const { device } = operands;
  return dropouts.map(({ variant, probability }) => ({
    variant,
    shape: shapeOf(setting),
    bytes: 8 * b * size + 4 * config.nHead * rows,
    flops: 5 * size * tokens,
    prepare: () => {
      const [out, qkv] = [setting.zeros(rows, channels), setting.random(rows, 3 * channels)];
      const [gradOut, gradQkv] = [setting.random(rows, channels), setting.zeros(rows, 3 * channels)];
      const [logSumExp, options] = [setting.sums(config.nHead, rows), optionsOf(setting, probability)];
      device.attention(out, logSumExp, qkv, options);
      return () => device.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, options);
    },
  }));
}

/** One new token, with half of the context filled. */
export function attentionCached(setting: Setting): OperationCase {
  const { channels, b, tokens, operands, config } = setting;
  const filled = tokens >> 1;
  const prepare = () => {
    const [out, qkv] = [setting.zeros(1, channels), setting.random(1, 3 * channels)];
    const cache = {
      keys: setting.random(1, tokens, channels),
      values: setting.random(1, tokens, channels),
      lengths: operands.integers(Int32Array.of(filled)),
      owners: operands.integers(new Int32Array(tokens), [1, tokens]),
    };
    const options = { heads: config.nHead, scale: scaleOf(setting) };
    return () => operands.device.attentionCached(out, qkv, cache, options);
  };
  return {
    shape: `one token after ${filled}, ${config.nHead} heads`,
    bytes: b * (2 * filled + 6) * channels,
    flops: 4 * filled * channels,
    prepare,
  };
}

function shapeOf({ rows, channels, tokens, config }: Setting): string {
  return `[${rows},${3 * channels}], ${config.nHead} heads, sequences of ${tokens}`;
}

function scaleOf({ channels, config }: Setting): number {
  return 1 / Math.sqrt(channels / config.nHead);
}

function optionsOf(setting: Setting, probability: number): AttentionOptions {
  return {
    heads: setting.config.nHead,
    scale: scaleOf(setting),
    segments: setting.segments(),
    dropout: setting.dropout(probability),
  };
}
