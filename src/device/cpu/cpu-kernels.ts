// Each operation as a call of its C++ kernel. This is the one place that flattens operations to the parameters of the C ABI:
// sizes come from the tensors' shapes, flags are 0 or 1, an absent tensor is undefined. The kernels' comments document the
// parameters.

import type { Kernels } from '../checked-operations.js';
import type {
  Activation,
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
  UpdateOptions,
} from '../device.js';
import type { Tensor } from '../tensor.js';
import type { NativeKernels } from './library.js';

/** Numbered as in gemm-tile.h. */
const activationNumber = { gelu_new: 0, gelu: 1 } as const satisfies Record<Activation, number>;

export class CpuKernels implements Kernels {
  readonly #native: NativeKernels;
  /** Whether matrices in bf16 were multiplied, which a model does before and after attention. */
  multipliedBf16 = false;

  constructor(native: NativeKernels) {
    this.#native = native;
  }

  /** The kernels for activations of this tensor's type. */
  #of({ dtype }: Tensor): NativeKernels['f32'] {
    return this.#native[dtype === 'bf16' ? 'bf16' : 'f32'];
  }

  firstOutside(index: Tensor, low: number, high: number): number {
    return this.#native.first_outside(index, index.size, low, high);
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const { transposeA = false, transposeB = false, accumulate = false, epilogue, packedB } = options;
    const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
    const flags = [transposeA, transposeB, accumulate].map(Number) as [number, number, number];
    const rest = [m, n, k, ...flags, ...flatEpilogue(epilogue)] as const;
    if (a.dtype === 'bf16') {
      this.multipliedBf16 = true;
      const { matmul_bf16, matmul_bf16_by_f32, packedMatrices } = this.#native;
      const multiply = b.dtype === 'f32' ? matmul_bf16_by_f32 : matmul_bf16;
      const isPacked = packedB !== undefined && packedMatrices.holds(packedB, b, transposeB);
      const packed = [packedB, Number(isPacked)] as const;
      const holds = multiply(out, Number(out.dtype === 'f32'), a, b, ...rest, ...packed) !== 0;
      if (packedB && holds) packedMatrices.packed(packedB, b, transposeB);
    } else this.#native.matmul(out, a, b, weightNumber(b), ...rest);
    if (epilogue?.kind === 'activation-gradient' && epilogue.biasGradient)
      this.sumRows(epilogue.biasGradient, out);
  }

  sumRows(out: Tensor, x: Tensor): void {
    this.#of(x).sum_rows(out, x, x.extent(0), x.extent(1));
  }

  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    { token, position }: EmbeddingTables,
    dropout: Dropout,
  ): void {
    const [rows, channels] = [out.extent(0), out.extent(1)];
    const dropped = flatDropout(dropout);
    this.#of(out).embedding(
      out,
      tokens,
      positions,
      token,
      position,
      weightNumber(token),
      ...dropped,
      rows,
      channels,
    );
  }

  embeddingBackward(
    { token, position }: EmbeddingTables,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void {
    const [rows, channels] = [gradOut.extent(0), gradOut.extent(1)];
    const dropped = flatDropout(dropout);
    this.#of(gradOut).embedding_backward(
      token,
      position,
      gradOut,
      tokens,
      positions,
      ...dropped,
      rows,
      channels,
    );
  }

  layernorm(
    out: Tensor,
    stats: Tensor,
    x: Tensor,
    { weight, bias }: LayernormParameters,
    epsilon: number,
  ): void {
    this.#of(x).layernorm(out, stats, x, weight, bias, epsilon, x.extent(0), x.extent(1));
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
    this.#of(residual).residual_layernorm(
      sum,
      out,
      stats,
      residual,
      branch,
      weight,
      bias,
      epsilon,
      ...flatDropout(dropout),
      rows,
      channels,
    );
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
    this.#of(x).layernorm_backward(
      gradX,
      branch?.gradient,
      gradients.weight,
      gradients.bias,
      gradOut,
      x,
      stats,
      weight,
      ...flatDropout(branch?.dropout),
      x.extent(0),
      x.extent(1),
    );
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    this.#of(qkv).attention(out, logSumExp, qkv, ...flatAttention(out, options));
  }

  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void {
    const rest = flatAttention(out, options);
    this.#of(qkv).attention_backward(gradQkv, gradOut, out, logSumExp, qkv, ...rest);
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
    this.#of(qkv).attention_cached(
      out,
      qkv,
      keys,
      values,
      lengths,
      owners,
      batch,
      added,
      capacity,
      channels,
      heads,
      scale,
    );
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    this.#of(x).gather_rows(out, x, index, out.extent(0), x.extent(1));
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    this.#of(x).scatter_rows(out, x, index, x.extent(0), out.extent(0), out.extent(1));
  }

  crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, options: CrossEntropyOptions): void {
    const [rows, width] = [logits.extent(0), logits.extent(1)];
    const { labelSmoothing, gradientScale, vocabulary = width } = options;
    this.#of(logits).cross_entropy(
      losses,
      logits,
      targets,
      labelSmoothing,
      gradientScale,
      rows,
      vocabulary,
      width,
    );
  }

  sum(out: Tensor, x: Tensor): void {
    this.#native.sum(out, x, x.size);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    this.#native.sum_of_squares(out, x, x.size);
  }

  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void {
    const { lossScale, maxNorm, beta1, beta2 } = options;
    this.#native.prepare_update(step, sumOfSquares, lossScale, maxNorm, beta1, beta2);
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
    const buffers = [parameters, gradients, firstMoment, secondMoment] as const;
    const rest = [step, beta1, beta2, epsilon, weightDecay, decayed, size] as const;
    if (working) this.#native.adamw_bf16(working, ...buffers, ...rest);
    else this.#native.adamw(...buffers, ...rest);
  }
}

/** The type of weights, as numbered in gemm.cc and embedding.cc. */
function weightNumber({ dtype }: Tensor): number {
  return dtype === 'q8' ? 2 : Number(dtype === 'bf16');
}

/** Kind (numbered as in gemm-tile.h), bias, saved pre-activation, activation. */
function flatEpilogue(
  epilogue: Epilogue | undefined,
): [kind: number, bias: Tensor | undefined, preActivation: Tensor | undefined, activation: number] {
  switch (epilogue?.kind) {
    case undefined:
      return [0, undefined, undefined, 0];
    case 'bias':
      return [1, epilogue.bias, undefined, 0];
    case 'bias-activation':
      return [2, epilogue.bias, epilogue.preActivation, activationNumber[epilogue.activation]];
    case 'activation-gradient':
      return [3, undefined, epilogue.preActivation, activationNumber[epilogue.activation]];
  }
}

function flatDropout(
  dropout: Dropout | undefined,
): [probability: number, site: number, counter: Tensor | undefined] {
  return [dropout?.probability ?? 0, dropout?.site ?? 0, dropout?.counter];
}

/** Segments, sizes, scale and dropout. */
function flatAttention(out: Tensor, { segments, heads, scale, dropout }: AttentionOptions) {
  const [rows, channels] = [out.extent(0), out.extent(1)];
  const { starts, ends } = segments;
  return [starts, ends, rows, channels, heads, scale, ...flatDropout(dropout)] as const;
}
