// Operations on rows: embeddings, layernorms, bias gradients, gathering and scattering. The memory's rate limits them, so
// their floating point operations are counted roughly.

import type { OperationCase, Setting } from './setting.js';

/** Bias gradients of layers with C and with 3C outputs. */
export function sumRows(setting: Setting): OperationCase[] {
  const { rows, channels, b, operands } = setting;
  return [channels, 3 * channels].map((columns) => ({
    shape: `[${rows},${columns}]`,
    bytes: b * rows * columns + 8 * columns,
    flops: rows * columns,
    prepare: () => {
      const [out, x] = [setting.sums(columns), setting.random(rows, columns)];
      return () => operands.device.sumRows(out, x);
    },
  }));
}

export function embedding(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands, batch, tokens, config } = setting;
  const prepare = () => {
    const [out, dropout] = [setting.zeros(rows, channels), setting.dropout(0.1)];
    const [ids, positions] = [operands.integers(batch.tokens), operands.integers(batch.positions)];
    const tables = {
      token: setting.random(config.vocabSize, channels),
      position: setting.random(tokens, channels),
    };
    return () => operands.device.embedding(out, ids, positions, tables, dropout);
  };
  return {
    shape: `[${rows},${channels}], dropout`,
    bytes: 3 * b * size + 8 * rows,
    flops: 2 * size,
    prepare,
  };
}

/** With random tokens, nearly every row adds to an entry of its own. */
export function embeddingBackward(setting: Setting): OperationCase {
  const { rows, channels, size, operands, batch, tokens, config } = setting;
  const bytes = 4 * size + 8 * (rows + tokens) * channels;
  const prepare = () => {
    const [gradOut, dropout] = [setting.exact(rows, channels), setting.dropout(0.1)];
    const [ids, positions] = [operands.integers(batch.tokens), operands.integers(batch.positions)];
    const gradients = {
      token: setting.sums(config.vocabSize, channels),
      position: setting.sums(tokens, channels),
    };
    return () => operands.device.embeddingBackward(gradients, gradOut, ids, positions, dropout);
  };
  return { shape: `[${rows},${channels}], dropout`, bytes, flops: 3 * size, prepare };
}

export function layernorm(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands } = setting;
  const bytes = 2 * b * size + 8 * (rows + channels);
  const prepare = () => {
    const [out, stats, x] = [
      setting.zeros(rows, channels),
      setting.sums(rows, 2),
      setting.random(rows, channels),
    ];
    const weights = setting.norm();
    return () => operands.device.layernorm(out, stats, x, weights, 1e-5);
  };
  return { shape: `[${rows},${channels}]`, bytes, flops: 8 * size, prepare };
}

export function residualLayernorm(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands } = setting;
  const bytes = 4 * b * size + 8 * (rows + channels);
  const prepare = () => {
    const [sum, out] = [setting.zeros(rows, channels), setting.zeros(rows, channels)];
    const [residual, branch] = [setting.random(rows, channels), setting.random(rows, channels)];
    const [stats, weights, dropout] = [setting.sums(rows, 2), setting.norm(), setting.dropout(0.1)];
    return () => operands.device.residualLayernorm(sum, out, stats, residual, branch, weights, 1e-5, dropout);
  };
  return { shape: `[${rows},${channels}], dropout`, bytes, flops: 10 * size, prepare };
}

export function layernormBackward(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands } = setting;
  const bytes = (3 * b + 8) * size + 8 * rows + 20 * channels;
  const prepare = () => {
    const [gradOut, x] = [setting.random(rows, channels), setting.random(rows, channels)];
    const [gradX, stats] = [setting.sums(rows, channels), setting.exact(rows, 2)];
    const [{ weight }, gradients] = [setting.norm(), setting.norm()];
    const branch = { gradient: setting.zeros(rows, channels), dropout: setting.dropout(0.1) };
    return () => operands.device.layernormBackward(gradX, gradients, gradOut, x, stats, weight, branch);
  };
  return { shape: `[${rows},${channels}], branch with dropout`, bytes, flops: 14 * size, prepare };
}

export function gatherRows(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands, batch } = setting;
  const prepare = () => {
    const [out, x] = [setting.zeros(rows, channels), setting.random(rows, channels)];
    const index = operands.integers(batch.supervisedRows);
    return () => operands.device.gatherRows(out, x, index);
  };
  return { shape: `[${rows},${channels}]`, bytes: 2 * b * size + 4 * rows, flops: 0, prepare };
}

/** Writes every row twice: zeros first. The zeros are not needed here, so they do not count. */
export function scatterRows(setting: Setting): OperationCase {
  const { rows, channels, size, b, operands, batch } = setting;
  const prepare = () => {
    const [out, x] = [setting.zeros(rows, channels), setting.random(rows, channels)];
    const index = operands.integers(batch.supervisedRows);
    return () => operands.device.scatterRows(out, x, index);
  };
  return { shape: `[${rows},${channels}]`, bytes: 2 * b * size + 4 * rows, flops: 0, prepare };
}
