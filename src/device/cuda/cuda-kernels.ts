// Each operation as launches on a card: one or two kernels in the device's stream, and for a matrix product a call of
// cuBLASLt. This is where an operation is flattened to the kernels' parameters: sizes come from the tensors' shapes, the
// scalar type (float32, bf16 or half) from their dtypes. Indices are not checked, because reading them would wait for the
// card.

import type { Kernels } from '../checked-operations.js';
import type {
  AdamWOptions,
  AttentionOptions,
  BranchGradient,
  CrossEntropyOptions,
  Dropout,
  EmbeddingTables,
  Heads,
  KeyValueCache,
  LayernormParameters,
  MatmulOptions,
  UpdateOptions,
} from '../device.js';
import type { Tensor } from '../tensor.js';
import {
  type AttentionModule,
  attentionLaunches,
  attentionModule,
  attentionScratchBytes,
} from './attention-launches.js';
import { type KernelLauncher, scalarBytes, scalarType } from './kernel-launcher.js';
import { launches, layernormSlices, scratchBytes, sumSlices } from './launches.js';
import type { Products } from './products.js';
import { sumRows } from './row-sums.js';

/** The address alignment that tensor core loads need. */
const packBytes = 16;

export class CudaKernels implements Kernels {
  constructor(
    readonly launcher: KernelLauncher,
    readonly products: Products,
    /** The card's major compute capability. */
    readonly major: number,
  ) {}

  matmul(out: Tensor, a: Tensor, b: Tensor, options?: MatmulOptions): void {
    this.products.multiply(out, a, b, options);
  }

  sumRows(out: Tensor, x: Tensor): void {
    sumRows(this.launcher, out, x);
  }

  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    { token, position }: EmbeddingTables,
    dropout: Dropout,
  ): void {
    const [rows, channels] = [out.extent(0), out.extent(1)];
    const type = scalarType(out);
    const geometry = launches.embedding(rows, channels, scalarBytes(type));
    const tablesAreBf16 = Number(token.dtype !== out.dtype);
    const given = [tokens, positions, token, position, tablesAreBf16, ...flatDropout(dropout)];
    this.launcher.launch('embedding', type, geometry, [out, ...given, rows, channels]);
  }

  embeddingBackward(
    { token, position }: EmbeddingTables,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void {
    const [rows, channels] = [gradOut.extent(0), gradOut.extent(1)];
    const geometry = launches.embedding_backward(rows);
    const given = [gradOut, tokens, positions, ...flatDropout(dropout)];
    const values = [token, position, ...given, rows, channels];
    this.launcher.launch('embedding_backward', scalarType(gradOut), geometry, values);
  }

  layernorm(
    out: Tensor,
    stats: Tensor,
    x: Tensor,
    { weight, bias }: LayernormParameters,
    epsilon: number,
  ): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const type = scalarType(out);
    const geometry = launches.layernorm(rows, channels, scalarBytes(type));
    const values = [out, stats, x, weight, bias, epsilon, rows, channels];
    this.launcher.launch('layernorm', type, geometry, values);
  }

  residualLayernorm(
    sum: Tensor,
    out: Tensor,
    stats: Tensor,
    residual: Tensor,
    branch: Tensor,
    { weight, bias }: LayernormParameters,
    epsilon: number,
    dropout: Dropout,
  ): void {
    const [rows, channels] = [residual.extent(0), residual.extent(1)];
    const type = scalarType(sum);
    const geometry = launches.residual_layernorm(rows, channels, scalarBytes(type));
    const given = [residual, branch, weight, bias, epsilon, ...flatDropout(dropout)];
    const values = [sum, out, stats, ...given, rows, channels];
    this.launcher.launch('residual_layernorm', type, geometry, values);
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
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const type = scalarType(gradOut);
    const partial = this.launcher.scratch(scratchBytes.layernorm_backward(rows, channels));
    const geometry = launches.layernorm_backward(rows, channels, scalarBytes(type));
    const given = [gradOut, x, stats, weight, ...flatDropout(branch?.dropout)];
    const values = [gradX, branch?.gradient, partial, ...given, rows, channels];
    this.launcher.launch('layernorm_backward', type, geometry, values);
    const sums = [gradients.weight, gradients.bias, partial, layernormSlices(rows), channels];
    this.launcher.launch('add_slices', type, launches.add_slices(channels, 2), sums);
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const { heads } = options;
    const [rows, headSize] = [out.extent(0), out.extent(1) / heads];
    const source = this.#attentionSource(headSize, [out, qkv]);
    const geometry = attentionLaunches.attention(rows, heads, headSize, source.file);
    const values = [out, logSumExp, qkv, ...flatAttention(out, options)];
    this.launcher.launchAttention('attention', scalarType(qkv), source, geometry, values);
  }

  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void {
    const { heads } = options;
    const [rows, headSize] = [out.extent(0), out.extent(1) / heads];
    const source = this.#attentionSource(headSize, [gradQkv, gradOut, out, qkv]);
    const deltas = this.launcher.scratch(attentionScratchBytes(rows, heads));
    const values = [gradQkv, deltas, gradOut, out, logSumExp, qkv, ...flatAttention(out, options)];
    for (const kernel of ['attention_backward_queries', 'attention_backward_keys'] as const) {
      const geometry = attentionLaunches[kernel](rows, heads, headSize, source.file);
      this.launcher.launchAttention(kernel, scalarType(qkv), source, geometry, values);
    }
  }

  attentionCached(
    out: Tensor,
    qkv: Tensor,
    { keys, values, lengths, owners }: KeyValueCache,
    { heads, scale }: Heads,
  ): void {
    const batch = lengths.extent(0);
    const added = out.extent(0) / batch;
    const [capacity, channels] = [keys.extent(1), keys.extent(2)];
    const type = scalarType(qkv);
    const bytes = scalarBytes(type);
    const geometry = attentionLaunches.attention_cached(batch, added, heads, channels / heads, bytes);
    const tensors = [out, qkv, keys, values, lengths, owners];
    const flat = [...tensors, batch, added, capacity, channels, heads, scale];
    this.launcher.launchAttention('attention_cached', type, undefined, geometry, flat);
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    const [rows, channels] = [out.extent(0), out.extent(1)];
    const type = scalarType(out);
    const geometry = launches.gather_rows(rows, channels, scalarBytes(type));
    this.launcher.launch('gather_rows', type, geometry, [out, x, index, rows, channels]);
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const type = scalarType(out);
    const { driver, stream } = this.launcher.tools;
    const bytes = out.size * scalarBytes(type);
    if (bytes > 0) driver.memset8(out.address, 0, bytes, stream);
    const geometry = launches.scatter_rows(rows, channels, scalarBytes(type));
    this.launcher.launch('scatter_rows', type, geometry, [out, x, index, rows, channels]);
  }

  crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, options: CrossEntropyOptions): void {
    const [rows, width] = [logits.extent(0), logits.extent(1)];
    const { labelSmoothing, gradientScale, vocabulary = width } = options;
    const geometry = launches.cross_entropy(rows, vocabulary);
    const values = [losses, logits, targets, labelSmoothing, gradientScale, rows, vocabulary, width];
    this.launcher.launch('cross_entropy', scalarType(logits), geometry, values);
  }

  sum(out: Tensor, x: Tensor): void {
    this.#sum('sum', out, x);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    this.#sum('sum_of_squares', out, x);
  }

  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void {
    const { lossScale, maxNorm, beta1, beta2 } = options;
    const values = [step, sumOfSquares, lossScale, maxNorm, beta1, beta2];
    this.launcher.launch('prepare_update', 'f32', launches.prepare_update(), values);
  }

  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void {
    const { size } = parameters;
    const { step, working, beta1, beta2, epsilon, weightDecay, decayed = size } = options;
    const buffers = [parameters, gradients, firstMoment, secondMoment, step];
    const values = [...buffers, beta1, beta2, epsilon, weightDecay, decayed, size];
    if (working === undefined) this.launcher.launch('adamw', 'f32', launches.adamw(size), values);
    else {
      const geometry = launches.adamw_narrow(size);
      this.launcher.launch('adamw_narrow', scalarType(working), geometry, [working, ...values]);
    }
  }

  #sum(kernel: 'sum' | 'sum_of_squares', out: Tensor, x: Tensor): void {
    const { size } = x;
    if (size === 0) return;
    const partial = this.launcher.scratch(scratchBytes.sum(size));
    this.launcher.launch(kernel, 'f32', launches[kernel](size), [partial, x, size]);
    this.launcher.launch('add_partials', 'f32', launches.add_partials(), [out, partial, sumSlices(size)]);
  }

  /** Tensor cores if the card, the type and the head size support them and the tensors are aligned. */
  #attentionSource(headSize: number, tensors: readonly [Tensor, ...Tensor[]]): AttentionModule {
    const bytes = scalarBytes(scalarType(tensors[0]));
    const areAligned = tensors.every(({ address }) => address % packBytes === 0);
    return attentionModule(headSize, bytes, areAligned ? this.major : 0);
  }
}

/** Probability, site, counter. */
function flatDropout(dropout: Dropout | undefined): [number, number, Tensor | undefined] {
  return [dropout?.probability ?? 0, dropout?.site ?? 0, dropout?.counter];
}

/** The parameters after the tensors, as attention-launches.ts lists them. */
function flatAttention(out: Tensor, { segments, heads, scale, dropout }: AttentionOptions) {
  const [rows, channels] = [out.extent(0), out.extent(1)];
  const { starts, ends } = segments;
  return [starts, ends, rows, channels, heads, scale, ...flatDropout(dropout)] as const;
}
