// The kernels that implement the device contract, with the parameters of one C ABI. They are written in C++ for the CPU, in
// CUDA C++ for NVIDIA GPUs, and with TensorFlow.js operations.

import type { Tensor } from './tensor.js';

/**
 * One method per kernel; the CPU kernels document the parameters. Flags are 0 or 1, and an absent tensor is undefined.
 */
export interface OperationKernels {
  matmul(
    out: Tensor,
    a: Tensor,
    b: Tensor,
    bIsBf16: number,
    m: number,
    n: number,
    k: number,
    transposeA: number,
    transposeB: number,
    accumulate: number,
    epilogue: number,
    bias: Tensor | undefined,
    preActivation: Tensor | undefined,
    activation: number,
  ): void;
  /**
   * matmul with the activation-gradient epilogue, and biasGradient[n] += column sums of out. Returns false and does
   * nothing if the kernels cannot do better than matmul followed by sum_rows.
   */
  matmul_bias_gradient?(biasGradient: Tensor, ...product: Parameters<OperationKernels['matmul']>): boolean;
  sum_rows(out: Tensor, x: Tensor, rows: number, columns: number): void;
  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tokenTable: Tensor,
    positionTable: Tensor,
    tablesAreBf16: number,
    probability: number,
    site: number,
    counter: Tensor,
    rows: number,
    channels: number,
  ): void;
  embedding_backward(
    gradToken: Tensor,
    gradPosition: Tensor,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    probability: number,
    site: number,
    counter: Tensor,
    rows: number,
    channels: number,
  ): void;
  layernorm(
    out: Tensor,
    stats: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    epsilon: number,
    rows: number,
    channels: number,
  ): void;
  residual_layernorm(
    sum: Tensor,
    out: Tensor,
    stats: Tensor,
    residual: Tensor,
    branch: Tensor,
    weight: Tensor,
    bias: Tensor,
    epsilon: number,
    probability: number,
    site: number,
    counter: Tensor,
    rows: number,
    channels: number,
  ): void;
  layernorm_backward(
    gradX: Tensor,
    gradBranch: Tensor | undefined,
    gradWeight: Tensor,
    gradBias: Tensor,
    gradOut: Tensor,
    x: Tensor,
    stats: Tensor,
    weight: Tensor,
    probability: number,
    site: number,
    counter: Tensor | undefined,
    rows: number,
    channels: number,
  ): void;
  attention(
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    starts: Tensor,
    ends: Tensor,
    rows: number,
    channels: number,
    heads: number,
    scale: number,
    probability: number,
    site: number,
    counter: Tensor,
  ): void;
  attention_backward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    starts: Tensor,
    ends: Tensor,
    rows: number,
    channels: number,
    heads: number,
    scale: number,
    probability: number,
    site: number,
    counter: Tensor,
  ): void;
  attention_cached(
    out: Tensor,
    qkv: Tensor,
    keys: Tensor,
    values: Tensor,
    lengths: Tensor,
    owners: Tensor,
    batch: number,
    added: number,
    capacity: number,
    channels: number,
    heads: number,
    scale: number,
  ): void;
  /** The index of the first entry outside low..high-1, or -1 if there is none or the kernels cannot check. */
  first_outside(index: Tensor, size: number, low: number, high: number): number;
  gather_rows(out: Tensor, x: Tensor, index: Tensor, rows: number, channels: number): void;
  scatter_rows(out: Tensor, x: Tensor, index: Tensor, rows: number, allRows: number, channels: number): void;
  cross_entropy(
    losses: Tensor,
    logits: Tensor,
    targets: Tensor,
    labelSmoothing: number,
    gradientScale: Tensor | undefined,
    rows: number,
    vocabulary: number,
    stride: number,
  ): void;
  sum(out: Tensor, x: Tensor, size: number): void;
  sum_of_squares(out: Tensor, x: Tensor, size: number): void;
  prepare_update(
    step: Tensor,
    sumOfSquares: Tensor,
    lossScale: Tensor | undefined,
    maxNorm: number,
    beta1: number,
    beta2: number,
  ): void;
  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    step: Tensor,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    decayed: number,
    size: number,
  ): void;
  /** Like adamw; also writes the rounded parameters to working[size]. Exists only if the device has mixed precision. */
  adamw_narrow?(
    working: Tensor,
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    step: Tensor,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    decayed: number,
    size: number,
  ): void;
}
