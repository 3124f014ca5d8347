// Runs every operation once, on shapes large enough to be split between threads. Tests use it to check that results are bit
// for bit the same in a second run or with another number of threads.

import type { Tensor } from '../../../src/device/tensor.js';
import { type Bench, Random } from './harness.js';

/** The output of every operation, by name. */
export function everyOperation(bench: Bench): Map<string, Float32Array> {
  const { device } = bench;
  const random = new Random(99);
  const [rows, channels, heads, vocabulary, positions] = [301, 252, 3, 1031, 128];
  const numbers = (shape: readonly number[]) =>
    random.normals(shape.reduce((product, extent) => product * extent, 1));
  const written = new Map<string, Tensor>();
  const kept = (name: string, tensor: Tensor): Tensor => {
    written.set(name, tensor);
    return tensor;
  };
  /** Inputs and outputs of the bench's dtype, then f32 outputs that are overwritten or accumulated. */
  const typed = (name: string, ...shape: number[]) => bench.typed(name, shape, numbers(shape));
  const out = (name: string, ...shape: number[]) => kept(name, bench.typedOutput(name, shape));
  const stat = (name: string, ...shape: number[]) => kept(name, bench.output(name, shape));
  const sum = (name: string, ...shape: number[]) => kept(name, bench.floats(name, shape, numbers(shape)));

  const dropout = bench.dropout({ probability: 0.1, site: 4, counter: [1, 2, 3] });
  const tokens = bench.integers('tokens', random.integers(rows, vocabulary));
  const positionIds = bench.integers('positions', random.integers(rows, positions));
  const tables = {
    token: typed('tokens', vocabulary, channels),
    position: typed('position table', positions, channels),
  };
  const embedded = out('embedding', rows, channels);
  device.embedding(embedded, tokens, positionIds, tables, dropout);
  const gradOut = typed('gradOut', rows, channels);
  const tableGradients = {
    token: sum('token gradient', vocabulary, channels),
    position: sum('position gradient', positions, channels),
  };
  device.embeddingBackward(tableGradients, gradOut, tokens, positionIds, dropout);

  const norm = { weight: sum('norm weight', channels), bias: sum('norm bias', channels) };
  const normGradients = {
    weight: sum('norm weight gradient', channels),
    bias: sum('norm bias gradient', channels),
  };
  const [normed, stats] = [out('layernorm', rows, channels), stat('stats', rows, 2)];
  device.layernorm(normed, stats, embedded, norm, 1e-5);
  device.layernormBackward(
    sum('gradX', rows, channels),
    normGradients,
    gradOut,
    embedded,
    stats,
    norm.weight,
    { gradient: out('branch gradient', rows, channels), dropout },
  );
  device.residualLayernorm(
    out('residual sum', rows, channels),
    out('residual layernorm', rows, channels),
    stat('residual stats', rows, 2),
    embedded,
    normed,
    norm,
    1e-5,
    dropout,
  );

  const projection = typed('projection', channels, 3 * channels);
  const qkv = out('matmul', rows, 3 * channels);
  device.matmul(qkv, normed, projection);
  const wide = {
    bias: typed('wide bias', 3 * channels),
    preActivation: out('preActivation', rows, 3 * channels),
  };
  const activated = out('activated', rows, 3 * channels);
  device.matmul(activated, normed, projection, {
    epilogue: { kind: 'bias-activation', activation: 'gelu_new', ...wide },
  });
  device.matmul(sum('gradient of projection', channels, 3 * channels), normed, activated, {
    transposeA: true,
    accumulate: true,
  });
  device.matmul(out('gradient of input', rows, channels), qkv, projection, { transposeB: true });
  device.matmul(out('gradient of activation', rows, 3 * channels), normed, projection, {
    epilogue: {
      kind: 'activation-gradient',
      activation: 'gelu_new',
      preActivation: wide.preActivation,
      biasGradient: sum('gradient of wide bias', 3 * channels),
    },
  });
  device.sumRows(sum('gradient of bias', 3 * channels), activated);

  const starts = Int32Array.from({ length: rows }, (_, row) => (row < 170 ? 0 : row < 171 ? 170 : 171));
  const ends = Int32Array.from({ length: rows }, (_, row) => (row < 170 ? 170 : row < 171 ? 171 : rows));
  const segments = { starts: bench.integers('starts', starts), ends: bench.integers('ends', ends) };
  const attention = { heads, scale: 0.01, segments, dropout };
  const [attended, logSumExp] = [out('attention', rows, channels), stat('logSumExp', heads, rows)];
  device.attention(attended, logSumExp, qkv, attention);
  device.attentionBackward(out('gradQkv', rows, 3 * channels), gradOut, attended, logSumExp, qkv, attention);
  const filled = [4, 5, 10, 15, 16, 17, 3];
  const owners = filled.flatMap((length, sequence) =>
    Array.from({ length: 60 }, (_, position) => (position < Math.min(length, 4) ? 0 : sequence)),
  );
  const cache = {
    keys: typed('keys', 7, 60, channels),
    values: typed('values', 7, 60, channels),
    lengths: bench.integers('lengths', filled),
    owners: bench.integers('owners', owners, [7, 60]),
  };
  device.attentionCached(out('cached', rows, channels), qkv, cache, { heads, scale: 0.01 });

  const chosen = random.distinct(170, rows);
  const index = bench.integers('index', chosen);
  const gathered = out('gathered', chosen.length, channels);
  device.gatherRows(gathered, normed, index);
  device.scatterRows(out('scattered', rows, channels), gathered, index);
  const logits = out('logits', chosen.length, vocabulary);
  device.matmul(logits, gathered, tables.token, { transposeB: true });
  const one = typed('one', 1, channels);
  device.matmul(out('one row', 1, 3 * channels), one, projection);
  device.matmul(out('logits of one row', 1, vocabulary), one, tables.token, { transposeB: true });
  const few = typed('few', 9, channels);
  device.matmul(out('few rows', 9, 3 * channels), few, projection);
  device.matmul(out('logits of few rows', 9, vocabulary), few, tables.token, { transposeB: true });
  const targets = bench.integers('targets', random.integers(chosen.length, vocabulary));
  const losses = stat('losses', chosen.length);
  device.crossEntropy(losses, logits, targets, {
    labelSmoothing: 0.1,
    gradientScale: bench.floats('scale', [2], [0.01, 1]),
  });
  device.sum(sum('sum', 1), tableGradients.token);
  const squares = sum('sum of squares', 1);
  const gradients = sum('gradients', channels, 3 * channels);
  device.sumOfSquares(squares, gradients);
  device.fill(squares, 3);

  const step = sum('step', 6);
  device.upload(step, Float32Array.of(0.01, 0, 0, 0, 2, 0));
  device.prepareUpdate(step, squares, { maxNorm: 1, beta1: 0.9, beta2: 0.999 });
  const moments = [
    sum('first moment', channels, 3 * channels),
    stat('second moment', channels, 3 * channels),
  ] as const;
  device.adamw(sum('parameters', channels, 3 * channels), gradients, ...moments, {
    step,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
  });
  return new Map([...written].map(([name, tensor]) => [name, bench.read(tensor)]));
}
