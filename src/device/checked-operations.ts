// The operations of the contract with their arguments checked: shapes, dtypes, and indices that come from data, because an
// index outside its table would make a kernel use memory that does not belong to the tensor. An operation whose arguments
// are right goes to the device's kernels as it came. Does not know where they run.

import type {
  AdamWOptions,
  AttentionOptions,
  BranchGradient,
  CrossEntropyOptions,
  Dropout,
  EmbeddingTables,
  Epilogue,
  Heads,
  KeyValueCache,
  LayernormParameters,
  MatmulOptions,
  Operations,
  Precisions,
  UpdateOptions,
} from './device.js';
import {
  expectAll,
  expectDivisible,
  expectFloats,
  expectIntegers,
  floatType,
  show,
  weightType,
} from './shapes.js';
import type { DType, FloatType, Tensor, WeightType } from './tensor.js';

/** A device's side of the operations. It is called with checked arguments, and checks nothing itself. */
export interface Kernels extends Operations {
  /**
   * The first entry of `index` outside low..high-1, or -1. Absent where reading the index would make every operation wait:
   * there, indices are not checked.
   */
  firstOutside?(index: Tensor, low: number, high: number): number;
}

export abstract class CheckedOperations implements Operations {
  abstract readonly precisions: Precisions;

  abstract packedSize(shape: readonly number[], dtype: DType): number;

  /** The kernels, prepared for calls from this device. */
  protected abstract ready(): Kernels;

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const kernels = this.ready();
    const { transposeA = false, transposeB = false, accumulate = false, epilogue, packedB } = options;
    const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
    const type = floatType('matmul', this, a);
    const typeOfB = weightType('matmul', this, b, type);
    // A half-precision product is summed in f32, and may be stored unrounded.
    const unrounded = out.dtype === 'f32' && epilogue === undefined;
    expectAll('matmul', unrounded ? 'f32' : type, [m, n], { out });
    expectAll('matmul', type, transposeA ? [k, m] : [m, k], { a });
    expectAll('matmul', typeOfB, transposeB ? [n, k] : [k, n], { b });
    if (accumulate && epilogue) throw new Error('matmul: accumulate cannot be combined with an epilogue');
    if (epilogue) expectEpilogue(epilogue, type, m, n);
    if (packedB) expectAll('matmul', type, [this.packedSize(b.shape, type)], { packedB });
    kernels.matmul(out, a, b, options);
  }

  sumRows(out: Tensor, x: Tensor): void {
    const kernels = this.ready();
    const [rows, columns] = [x.extent(0), x.extent(1)];
    expectFloats('sumRows', [columns], { out });
    expectAll('sumRows', floatType('sumRows', this, x), [rows, columns], { x });
    kernels.sumRows(out, x);
  }

  embedding(out: Tensor, tokens: Tensor, positions: Tensor, tables: EmbeddingTables, dropout: Dropout): void {
    const kernels = this.ready();
    const type = floatType('embedding', this, out);
    const types = { rows: type, tables: weightType('embedding', this, tables.token, type) };
    expectEmbedding(kernels, 'embedding', out, tokens, positions, tables, types);
    expectDropout('embedding', dropout);
    kernels.embedding(out, tokens, positions, tables, dropout);
  }

  embeddingBackward(
    gradients: EmbeddingTables,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void {
    const kernels = this.ready();
    const types = { rows: floatType('embeddingBackward', this, gradOut), tables: 'f32' } as const;
    expectEmbedding(kernels, 'embeddingBackward', gradOut, tokens, positions, gradients, types);
    expectDropout('embeddingBackward', dropout);
    kernels.embeddingBackward(gradients, gradOut, tokens, positions, dropout);
  }

  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void {
    const kernels = this.ready();
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const { weight, bias } = parameters;
    const type = floatType('layernorm', this, x);
    expectAll('layernorm', type, [rows, channels], { out, x });
    expectFloats('layernorm', [rows, 2], { stats });
    expectFloats('layernorm', [channels], { weight, bias });
    kernels.layernorm(out, stats, x, parameters, epsilon);
  }

  residualLayernorm(
    sum: Tensor,
    out: Tensor,
    stats: Tensor,
    residual: Tensor,
    branch: Tensor,
    parameters: LayernormParameters,
    epsilon: number,
    dropout: Dropout,
  ): void {
    const kernels = this.ready();
    const [rows, channels] = [residual.extent(0), residual.extent(1)];
    const { weight, bias } = parameters;
    const type = floatType('residualLayernorm', this, residual);
    expectAll('residualLayernorm', type, [rows, channels], { sum, out, residual, branch });
    expectFloats('residualLayernorm', [rows, 2], { stats });
    expectFloats('residualLayernorm', [channels], { weight, bias });
    expectDropout('residualLayernorm', dropout);
    kernels.residualLayernorm(sum, out, stats, residual, branch, parameters, epsilon, dropout);
  }

  layernormBackward(
    gradX: Tensor,
    gradients: LayernormParameters,
    gradOut: Tensor,
    x: Tensor,
    stats: Tensor,
    weight: Tensor,
    branch?: BranchGradient,
  ): void {
    const kernels = this.ready();
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const type = floatType('layernormBackward', this, x);
    expectFloats('layernormBackward', [rows, channels], { gradX });
    expectAll('layernormBackward', type, [rows, channels], { gradOut, x });
    if (branch) expectAll('layernormBackward', type, [rows, channels], { gradBranch: branch.gradient });
    const sums = { gradWeight: gradients.weight, gradBias: gradients.bias };
    expectFloats('layernormBackward', [channels], { weight, ...sums });
    expectFloats('layernormBackward', [rows, 2], { stats });
    if (branch) expectDropout('layernormBackward', branch.dropout);
    kernels.layernormBackward(gradX, gradients, gradOut, x, stats, weight, branch);
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const kernels = this.ready();
    const type = floatType('attention', this, qkv);
    expectAttention(kernels, 'attention', out, logSumExp, qkv, options, type);
    expectDropout('attention', options.dropout);
    kernels.attention(out, logSumExp, qkv, options);
  }

  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void {
    const kernels = this.ready();
    const type = floatType('attentionBackward', this, qkv);
    expectAttention(kernels, 'attentionBackward', out, logSumExp, qkv, options, type);
    expectAll('attentionBackward', type, qkv.shape, { gradQkv });
    expectAll('attentionBackward', type, out.shape, { gradOut });
    expectDropout('attentionBackward', options.dropout);
    kernels.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, options);
  }

  attentionCached(out: Tensor, qkv: Tensor, cache: KeyValueCache, options: Heads): void {
    const kernels = this.ready();
    const { keys, values, lengths, owners } = cache;
    const [kept, capacity, channels] = [keys.extent(0), keys.extent(1), keys.extent(2)];
    const type = floatType('attentionCached', this, qkv);
    const [batch, rows] = [lengths.extent(0), out.extent(0)];
    expectDivisible('attentionCached', channels, options.heads);
    expectAll('attentionCached', type, [rows, channels], { out });
    expectAll('attentionCached', type, [rows, 3 * channels], { qkv });
    expectAll('attentionCached', type, [kept, capacity, channels], { keys, values });
    expectIntegers('attentionCached', [batch], { lengths });
    expectIntegers('attentionCached', [batch, capacity], { owners });
    if (rows % batch !== 0) throw new Error(`attentionCached: ${rows} rows are not ${batch} equal sequences`);
    expectWithin(kernels, 'attentionCached', lengths, 0, capacity - rows / batch + 1);
    expectWithin(kernels, 'attentionCached', owners, 0, kept);
    kernels.attentionCached(out, qkv, cache, options);
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    const kernels = this.ready();
    const [rows, channels] = [out.extent(0), x.extent(1)];
    const type = floatType('gatherRows', this, x);
    expectAll('gatherRows', type, [rows, channels], { out });
    expectAll('gatherRows', type, [x.extent(0), channels], { x });
    expectIntegers('gatherRows', [rows], { index });
    expectWithin(kernels, 'gatherRows', index, 0, x.extent(0));
    kernels.gatherRows(out, x, index);
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const kernels = this.ready();
    const [rows, channels] = [x.extent(0), out.extent(1)];
    const type = floatType('scatterRows', this, x);
    expectAll('scatterRows', type, [out.extent(0), channels], { out });
    expectAll('scatterRows', type, [rows, channels], { x });
    expectIntegers('scatterRows', [rows], { index });
    expectWithin(kernels, 'scatterRows', index, 0, out.extent(0));
    kernels.scatterRows(out, x, index);
  }

  crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, options: CrossEntropyOptions): void {
    const kernels = this.ready();
    const [rows, width] = [logits.extent(0), logits.extent(1)];
    const { gradientScale, vocabulary = width } = options;
    if (vocabulary > width) throw new RangeError(`crossEntropy: ${vocabulary} logits in rows of ${width}`);
    expectFloats('crossEntropy', [rows], { losses });
    expectAll('crossEntropy', floatType('crossEntropy', this, logits), [rows, width], { logits });
    expectIntegers('crossEntropy', [rows], { targets });
    if (gradientScale) expectFloats('crossEntropy', [2], { gradientScale });
    expectWithin(kernels, 'crossEntropy', targets, -(2 ** 31), vocabulary);
    kernels.crossEntropy(losses, logits, targets, options);
  }

  sum(out: Tensor, x: Tensor): void {
    const kernels = this.ready();
    expectFloats('sum', [1], { out });
    expectFloats('sum', x.shape, { x });
    kernels.sum(out, x);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    const kernels = this.ready();
    expectFloats('sumOfSquares', [1], { out });
    expectFloats('sumOfSquares', x.shape, { x });
    kernels.sumOfSquares(out, x);
  }

  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void {
    const kernels = this.ready();
    const { lossScale } = options;
    expectFloats('prepareUpdate', [6], { step });
    expectFloats('prepareUpdate', [1], { sumOfSquares });
    if (lossScale) expectFloats('prepareUpdate', [2], { lossScale });
    kernels.prepareUpdate(step, sumOfSquares, options);
  }

  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void {
    const kernels = this.ready();
    const { shape } = parameters;
    const { step, working } = options;
    expectFloats('adamw', shape, { parameters, gradients, firstMoment, secondMoment });
    expectFloats('adamw', [6], { step });
    if (working) {
      expectAll('adamw', floatType('adamw', this, working), shape, { working });
      if (working.dtype === 'f32') throw new Error(`adamw: ${show(working)} is not a half-precision copy`);
    }
    kernels.adamw(parameters, gradients, firstMoment, secondMoment, options);
  }
}

/** The tensors of a matrix product's epilogue, for out[m,n]. */
function expectEpilogue(epilogue: Epilogue, type: FloatType, m: number, n: number): void {
  if (epilogue.kind !== 'activation-gradient') expectAll('matmul', type, [n], { bias: epilogue.bias });
  if (epilogue.kind === 'bias') return;
  expectAll('matmul', type, [m, n], { preActivation: epilogue.preActivation });
  if (epilogue.kind === 'activation-gradient' && epilogue.biasGradient)
    expectFloats('matmul', [n], { biasGradient: epilogue.biasGradient });
}

/** The arguments of embedding and embeddingBackward. @param rows [R,C], written or read. */
function expectEmbedding(
  kernels: Kernels,
  operation: string,
  rows: Tensor,
  tokens: Tensor,
  positions: Tensor,
  tables: EmbeddingTables,
  types: { readonly rows: FloatType; readonly tables: WeightType },
): void {
  const [count, channels] = [rows.extent(0), rows.extent(1)];
  const [vocabulary, longest] = [tables.token.extent(0), tables.position.extent(0)];
  expectAll(operation, types.rows, [count, channels], { rows });
  expectAll(operation, types.tables, [vocabulary, channels], { tokenTable: tables.token });
  expectAll(operation, types.tables, [longest, channels], { positionTable: tables.position });
  expectIntegers(operation, [count], { tokens, positions });
  expectWithin(kernels, operation, tokens, 0, vocabulary);
  expectWithin(kernels, operation, positions, 0, longest);
}

/** The arguments that attention and attentionBackward share. */
function expectAttention(
  kernels: Kernels,
  operation: string,
  out: Tensor,
  logSumExp: Tensor,
  qkv: Tensor,
  { heads, segments: { starts, ends } }: AttentionOptions,
  type: FloatType,
): void {
  const [rows, channels] = [out.extent(0), out.extent(1)];
  expectDivisible(operation, channels, heads);
  expectAll(operation, type, [rows, channels], { out });
  expectFloats(operation, [heads, rows], { logSumExp });
  expectAll(operation, type, [rows, 3 * channels], { qkv });
  expectIntegers(operation, [rows], { starts, ends });
  expectWithin(kernels, operation, starts, 0, rows);
  expectWithin(kernels, operation, ends, 1, rows + 1);
}

function expectDropout(operation: string, { probability, counter }: Dropout): void {
  if (!(probability >= 0 && probability < 1))
    throw new Error(`${operation}: dropout probability ${probability} is not in [0, 1)`);
  expectIntegers(operation, [3], { counter });
}

/** @throws Error unless every entry of `index` is in low..high-1. */
function expectWithin(kernels: Kernels, operation: string, index: Tensor, low: number, high: number): void {
  const at = kernels.firstOutside?.(index, low, high) ?? -1;
  if (at >= 0) throw new Error(`${operation}: entry ${at} of ${show(index)} is outside ${low}..${high - 1}`);
}
