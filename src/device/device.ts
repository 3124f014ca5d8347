// The device contract: the operations that GPT-2's training and generation are made of. Devices know nothing of
// models; models know nothing of where they run. Everything is row-major. R counts rows (token positions of all
// packed conversations together), C channels, H heads, V vocabulary, S supervised rows.
//
// Conventions that hold for every operation:
// - the first argument is what is written; outputs never alias inputs unless the docstring says so;
// - all floats of a call have one type: f32, or bf16 or f16 where the device computes in mixed precision. Always f32:
//   what is added up over rows, layers and steps (gradients of parameters and their sums, the gradient of the residual
//   stream), statistics and parameters of layernorms, logSumExp, losses, scales, and AdamW's buffers. Arithmetic is f32 in
//   any case, products of half-precision numbers are summed in f32;
// - weight gradients ("+=") accumulate, activation gradients are overwritten unless the docstring says "+=";
// - what changes from step to step (seed and micro-step of dropout, learning rate, loss scale) lives in device
//   tensors, so that a device may record a step once and replay it;
// - results do not depend on the number of threads, and the same inputs give the same bits;
// - NaN and infinities pass through; attention may also carry them to other segments, which finite numbers never reach.

import type { DType, Tensor } from './tensor.js';

export type Precision = 'fp32' | 'bf16' | 'fp16';

/** `gelu` is the exact erf form; `gelu_new` the tanh approximation of GPT-2. */
export type Activation = 'gelu_new' | 'gelu';

/** What a matrix product does to its result before it is stored. */
export type Epilogue =
  /** out = product + bias[N]. */
  | { readonly kind: 'bias'; readonly bias: Tensor }
  /** preActivation[M,N] = product + bias[N]; out = activation(preActivation). */
  | {
      readonly kind: 'bias-activation';
      readonly bias: Tensor;
      readonly activation: Activation;
      readonly preActivation: Tensor;
    }
  /**
   * out = product * activation'(preActivation[M,N]); biasGradient f32[N] += column sums of out, which may be rounded to
   * out's type, once, before they are added.
   */
  | {
      readonly kind: 'activation-gradient';
      readonly activation: Activation;
      readonly preActivation: Tensor;
      readonly biasGradient?: Tensor;
    };

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** out += instead of out =; not together with an epilogue. */
  readonly accumulate?: boolean;
  readonly epilogue?: Epilogue;
}

/**
 * Dropout by counter-based random numbers, so that backward and recomputation see the mask of forward and every
 * device draws the same one. p, a float32, is rounded to t / 2^16 with t at most 2^16 - 1. Element (row, column) of site s
 * has half a word of Philox4x32-7(counter = [column >> 3, row, s, micro-step], key = [seed low, seed high]): of word
 * `column & 3` the lower half where `column & 4` is 0, else the upper. It is kept where that is >= t, and then scaled by
 * 1/(1-p). (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011: 7 rounds are the fewest that pass BigCrush.)
 */
export interface Dropout {
  /** p, in [0, 1); 0 leaves everything as it is. */
  readonly probability: number;
  /** Which dropout of the model this is. */
  readonly site: number;
  /** i32[3]: seed low, seed high, micro-step. */
  readonly counter: Tensor;
}

/** Packed conversations: row r attends to rows starts[r]..r, and is attended by rows r..ends[r]-1. Both i32[R]. */
export interface Segments {
  readonly starts: Tensor;
  readonly ends: Tensor;
}

export interface AttentionOptions {
  readonly heads: number;
  /** Multiplies q.k before the softmax; GPT-2: 1/sqrt(C/H). */
  readonly scale: number;
  readonly segments: Segments;
  /** On the probabilities. Its row is `query row * heads + head`, its column the key's row. */
  readonly dropout: Dropout;
}

/**
 * Keys and values of up to N sequences of up to P positions, of which the first B are at work. Sequences share the past
 * that they have in common: position p of sequence b lies in row owners[b,p], and a new position always in row b. So a
 * prompt is computed and kept once for all, and a beam that takes over another's past copies nothing.
 */
export interface KeyValueCache {
  /** [N,P,C]. */
  readonly keys: Tensor;
  /** [N,P,C]. */
  readonly values: Tensor;
  /** i32[B]: how many positions of each sequence are filled. */
  readonly lengths: Tensor;
  /** i32[B,P], each in 0..N-1; b itself where nothing is filled yet. */
  readonly owners: Tensor;
}

export interface LayernormParameters {
  /** f32[C]. */
  readonly weight: Tensor;
  /** f32[C]. */
  readonly bias: Tensor;
}

/** Where the gradient of a residual branch is left: gradient[R,C] = dropout(gradX). It may be the memory of gradOut. */
export interface BranchGradient {
  readonly gradient: Tensor;
  readonly dropout: Dropout;
}

export interface AdamWOptions {
  /** As prepareUpdate leaves it. A gradient scale of NaN skips the update. */
  readonly step: Tensor;
  /** In mixed precision: bf16 or f16, as many as parameters; becomes the parameters, rounded (also where the update is skipped). */
  readonly working?: Tensor;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** So many parameters, from the first on, decay; default: all. */
  readonly decayed?: number;
}

export interface UpdateOptions {
  readonly maxNorm: number;
  readonly beta1: number;
  readonly beta2: number;
  /**
   * f32[2], where gradients of half precision are scaled up: by how much, and for how many updates in a row it has
   * held. It is halved where the sum is not finite and doubled after 2000 updates (torch.amp.GradScaler).
   */
  readonly lossScale?: Tensor;
}

export interface Allocator {
  /**
   * Zeroed memory. Only before the first step: steps allocate nothing.
   * @param label what it is for, as the memory plan prints it: `weights`, `gradients`, `activations`, ...
   * @throws UserError (device) when there is not enough.
   */
  allocate(label: string, shape: readonly number[], dtype?: DType): Tensor;
}

/** Numbers on their way from the device. */
export interface Fetched {
  /** Whether `wait` would not wait. */
  ready(): boolean;
  wait(): Float32Array;
}

export interface Device extends Allocator {
  readonly kind: 'cpu' | 'cuda' | 'tfjs';
  /** For people: processor or card, threads, vector width, versions. */
  readonly description: string;
  /** What it can train in. */
  readonly precisions: readonly Precision[];
  /** What weights that are only read may be kept in, where the rest is f32. */
  readonly weightPrecisions: readonly Precision[];
  /** Products over the vocabulary are fastest where its size is a multiple of this. */
  readonly vocabularyMultiple: number;
  /** Batches are fastest where their number of rows is a multiple of this: few shapes, of full tiles. */
  readonly rowMultiple: number;
  /** The widest rows, and heads of attention, that it can compute, in channels; Infinity where it takes all. */
  readonly mostChannels: { readonly row: number; readonly head: number };
  /** Bytes that a run may still take: available memory of the machine or card. */
  availableMemory(): number;
  /** What bounds that, where it is neither the machine's memory nor the card's: a clause. */
  readonly memoryBound?: string;
  /** Bytes by what they are for, that the device has taken for itself: no longer available, and part of what a run takes. */
  ownMemory(): ReadonlyMap<string, number>;
  /**
   * Takes so many bytes at once, which the allocations that follow are cut from: a card would round each of many up.
   * Devices to which it makes no difference do nothing.
   * @throws UserError (device) when there is not enough.
   */
  reserve(bytes: number): void;
  /** Most bytes in use so far (the process's resident set on `cpu`). */
  peakMemory(): number;
  /** Frees everything allocated; the device is unusable afterwards. */
  dispose(): void;

  /**
   * Does `work`, which asks for the same operations on the same tensors whenever it has this owner and key, so that a
   * device may record them once and replay them. No uploads or downloads in it.
   */
  replay(owner: object, key: string, work: () => void): void;

  /** Into bf16 and f16, floats are rounded to the nearest, ties to even. */
  upload(target: Tensor, data: Float32Array | Int32Array): void;
  /**
   * Waits for what was asked before. f32, bf16 and f16 arrive as Float32Array.
   * @param into of the same size, filled and returned instead of a new array.
   */
  download(source: Tensor, into?: Float32Array): Float32Array;
  /** What `source`, f32 of up to 16 numbers, holds once all that was asked before is done, without waiting for it now. */
  fetch(source: Tensor): Fetched;
  fill(target: Tensor, value: number): void;
  /** Same size. */
  copy(target: Tensor, source: Tensor): void;

  /**
   * out[M,N] = op(a)[M,K] op(b)[K,N], where op transposes as the options say. Of f32 `a`, `b` may be bf16 (weights that
   * are only read): each number is widened to f32. Of half-precision `a` and `b`, `out` may be f32 where there is no
   * epilogue (gradients of weights; logits that are to be sampled).
   */
  matmul(out: Tensor, a: Tensor, b: Tensor, options?: MatmulOptions): void;
  /** out[N] += column sums of x[R,N]: the gradient of a bias. */
  sumRows(out: Tensor, x: Tensor): void;

  /**
   * out[R,C] = dropout(tokenTable[tokens[r]] + positionTable[positions[r]]); tokens, positions i32[R]. Both tables may
   * be bf16.
   */
  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tables: { readonly token: Tensor; readonly position: Tensor },
    dropout: Dropout,
  ): void;
  /** gradients.token[V,C], gradients.position[P,C] += what gradOut[R,C] says of them. */
  embeddingBackward(
    gradients: { readonly token: Tensor; readonly position: Tensor },
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void;

  /** out = layernorm(x), all [R,C]; stats[R,2] keeps mean and 1/sqrt(variance + epsilon) of each row. */
  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void;
  /** sum = residual + dropout(branch); out = layernorm(sum). All [R,C]; `sum` may be `residual`. */
  residualLayernorm(
    sum: Tensor,
    out: Tensor,
    stats: Tensor,
    residual: Tensor,
    branch: Tensor,
    parameters: LayernormParameters,
    epsilon: number,
    dropout: Dropout,
  ): void;
  /**
   * gradX[R,C] += , gradients.weight[C], gradients.bias[C] += from gradOut[R,C], the input x and its stats; gradX is f32.
   * Where x was the sum of residualLayernorm, gradX is the residual's gradient too, and `branch` receives the branch's.
   */
  layernormBackward(
    gradX: Tensor,
    gradients: LayernormParameters,
    gradOut: Tensor,
    x: Tensor,
    stats: Tensor,
    weight: Tensor,
    branch?: BranchGradient,
  ): void;

  /**
   * Causal self-attention within segments. qkv[R,3C] holds query, key and value side by side, head h in columns
   * h*C/H..(h+1)*C/H of each; out[R,C]; logSumExp[H,R] is kept for backward.
   */
  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void;
  /** gradQkv[R,3C] from gradOut[R,C] and what forward read and wrote (recomputes the probabilities, tile by tile). */
  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void;
  /**
   * Attention of n new positions in each of B sequences: appends their keys and values to row b at lengths[b].., then
   * out[B*n,C] from qkv[B*n,3C] over all positions up to each one's own. Leaves `lengths` and `owners` to the caller.
   */
  attentionCached(
    out: Tensor,
    qkv: Tensor,
    cache: KeyValueCache,
    options: { readonly heads: number; readonly scale: number },
  ): void;

  /** out[S,C] = x[index[s]], index i32[S]. */
  gatherRows(out: Tensor, x: Tensor, index: Tensor): void;
  /** out[R,C] = 0, then out[index[s]] = x[s]; no index twice. */
  scatterRows(out: Tensor, x: Tensor, index: Tensor): void;

  /**
   * losses[S] = cross-entropy of logits[S,W] against targets i32[S]; a negative target gives loss 0 and gradient 0.
   * With label smoothing e: (1-e) * -log p[target] + e * mean over V of -log p (as the Hugging Face Trainer has it).
   * With `gradientScale` f32[2], logits are overwritten by d(g * sum of losses)/d logits, where g is the product of its
   * two numbers; in fp16 the second is the loss scale. Of a row only the first V = `vocabulary` logits count, all by
   * default; the gradient of the others is 0.
   */
  crossEntropy(
    losses: Tensor,
    logits: Tensor,
    targets: Tensor,
    options: {
      readonly labelSmoothing: number;
      readonly gradientScale?: Tensor;
      readonly vocabulary?: number;
    },
  ): void;

  /** out[1] += sum of x. */
  sum(out: Tensor, x: Tensor): void;
  /** out[1] += sum of squares of x. */
  sumOfSquares(out: Tensor, x: Tensor): void;
  /**
   * Completes step f32[6] = [learning rate, gradient scale, 1-beta1^t, 1-beta2^t, t, norm] from the learning rate and t:
   * norm = sqrt(sumOfSquares[1]) / lossScale, gradient scale = min(1, maxNorm / (norm + 1e-6)) / lossScale as torch's
   * clip_grad_norm_ (no clipping when maxNorm is 0), and t counts one update more. Where the sum is not finite the
   * gradient scale is NaN and t stays.
   */
  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void;
  /**
   * AdamW with decoupled weight decay (Loshchilov & Hutter 2019; torch.optim.AdamW) over flat f32 buffers, in place;
   * `gradients` are read times the gradient scale and left zeroed.
   */
  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void;
}
