// The device contract: the operations that GPT-2 training and generation consist of. Devices know nothing about models,
// and models do not know which device they run on. Every tensor is row-major. R is the number of positions in a batch
// (one row per token, over all packed sequences), C channels, H heads, V vocabulary size, S supervised positions.
//
// Conventions for every operation:
// - The first argument is the output. Outputs never alias inputs unless the docstring says so.
// - All floats of a call have one dtype: f32, or bf16 or f16 if the device supports mixed precision. Some tensors are
//   always f32: values accumulated over positions, layers and steps (parameter gradients and their sums, the gradient of
//   the residual stream), statistics and parameters of layernorms, logSumExp, losses, scales, and AdamW's buffers.
//   Arithmetic is always f32; products of half-precision numbers are summed in f32.
// - Weight gradients accumulate ("+="). Activation gradients are overwritten unless the docstring says "+=".
// - Values that change between steps (seed and micro-step of dropout, learning rate, loss scale) are stored in device
//   tensors, so a device can record a step once and replay it.
// - Results do not depend on the number of threads, and the same inputs give the same bits.
// - NaN and infinity propagate. Attention may also carry them into other segments; finite values never cross segments.

import type { DType, FloatType, Tensor, WeightType } from './tensor.js';

export type Precision = 'fp32' | 'bf16' | 'fp16';
/** The precisions of stored weights. No device computes in int8. */
export type WeightPrecision = Precision | 'int8';

/** The dtype of activations and weights in each precision. */
export const dtypeOf = { fp32: 'f32', bf16: 'bf16', fp16: 'f16', int8: 'q8' } as const satisfies Record<
  Precision,
  FloatType
> &
  Record<WeightPrecision, WeightType>;

/** Whether a device can do something in a precision; `fast` if that takes no longer than in fp32. */
export type Ability = 'fast' | 'slow' | false;

/** What a device can do in a precision. `auto` takes only what is fast. */
export interface PrecisionSupport {
  /** Compute in it: weights and activations have its dtype. */
  readonly computes: Ability;
  /** Store read-only weights in it while everything else is f32. Their values are widened when they are read. */
  readonly stores: Ability;
  /**
   * Whether what computes in it also reads matrices in f32, rounded as they are read: then a trained model needs no rounded
   * copy of them. Default: false.
   */
  readonly rounds?: boolean;
  /** A sentence on what would make it faster here, for a run that computes in it. */
  readonly note?: string | null;
}

export type Precisions = Readonly<Record<WeightPrecision, PrecisionSupport>>;

/** `gelu` is the exact erf form; `gelu_new` is GPT-2's tanh approximation. */
export type Activation = 'gelu_new' | 'gelu';

/** What a matrix product does to its result before storing it. */
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
   * out = product * activation'(preActivation[M,N]); biasGradient f32[N] += column sums of out. The sums may be rounded
   * once to out's dtype before they are added.
   */
  | {
      readonly kind: 'activation-gradient';
      readonly activation: Activation;
      readonly preActivation: Tensor;
      readonly biasGradient?: Tensor;
    };

/**
 * Choices between ways to compute the same thing that a device made by measuring them. They decide how results round, so
 * a run that continues another one repeats them.
 */
export interface MeasuredChoices {
  /** What they depend on: the hardware, and the version of its library. */
  readonly madeOn: string;
  /** What is computed, and the chosen way. */
  readonly chosen: Readonly<Record<string, string>>;
}

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** out += instead of out =. Cannot be combined with an epilogue. */
  readonly accumulate?: boolean;
  readonly epilogue?: Epilogue;
  /**
   * Memory of `packedSize` numbers in which the device may keep `b` in the order in which it multiplies it, for other products
   * with this memory, `b` and `transposeB`. Writing to `b` is allowed at any time: the device packs it anew.
   */
  readonly packedB?: Tensor | undefined;
}

/**
 * Dropout with counter-based random numbers: backward and recomputation see the same mask as forward, and every device
 * draws the same mask. p, a float32, is rounded to t / 2^16 with t at most 2^16 - 1. Element (row, column) of site s uses
 * 16 bits of Philox4x32-7(counter = [column >> 3, row, s, micro-step], key = [seed low, seed high]): the lower half of
 * word `column & 3` if `column & 4` is 0, otherwise the upper half. The element is kept if those 16 bits are >= t, and is
 * then scaled by 1/(1-p). (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011: 7 rounds are the minimum
 * that passes BigCrush.)
 */
export interface Dropout {
  /** p, in [0, 1). 0 disables dropout. */
  readonly probability: number;
  /** The index of this dropout among all dropouts of the model. */
  readonly site: number;
  /** i32[3]: seed low, seed high, micro-step. */
  readonly counter: Tensor;
}

/**
 * Boundaries of the packed sequences. Position r attends to positions starts[r]..r, and positions r..ends[r]-1 attend to
 * it. Both are i32[R].
 */
export interface Segments {
  readonly starts: Tensor;
  readonly ends: Tensor;
}

export interface Heads {
  /** H, which divides C. */
  readonly heads: number;
  /** Multiplies q.k before the softmax. GPT-2 uses 1/sqrt(C/H). */
  readonly scale: number;
}

export interface AttentionOptions extends Heads {
  readonly segments: Segments;
  /** Applied to the probabilities. Its row is `query position * heads + head`, its column the key position. */
  readonly dropout: Dropout;
}

/**
 * Keys and values in N entries of up to P positions each, and B active sequences. Position p of sequence b is stored in entry
 * owners[b,p] of the first dimension. Sequences share a common prefix by naming the same entry: a prompt is computed and stored
 * once for all of them, and a beam that continues from another beam's prefix copies no keys or values.
 */
export interface KeyValueCache {
  /** [N,P,C]. */
  readonly keys: Tensor;
  /** [N,P,C]. */
  readonly values: Tensor;
  /** i32[B]: the number of cached positions of each sequence. */
  readonly lengths: Tensor;
  /** i32[B,P], each in 0..N-1. All new positions of a sequence have one owner, which stores them. */
  readonly owners: Tensor;
}

/** The tables of an embedding, or their gradients. */
export interface EmbeddingTables {
  /** [V,C]. */
  readonly token: Tensor;
  /** [P,C]. */
  readonly position: Tensor;
}

export interface LayernormParameters {
  /** f32[C]. */
  readonly weight: Tensor;
  /** f32[C]. */
  readonly bias: Tensor;
}

/** Receives the gradient of a residual branch: gradient[R,C] = dropout(gradX). May alias gradOut. */
export interface BranchGradient {
  readonly gradient: Tensor;
  readonly dropout: Dropout;
}

export interface CrossEntropyOptions {
  /** e, in [0, 1). */
  readonly labelSmoothing: number;
  /** f32[2]: the two factors of g. Without it, the logits are not overwritten. */
  readonly gradientScale?: Tensor;
  /** V. Default: all W. */
  readonly vocabulary?: number;
}

export interface AdamWOptions {
  /** The output of prepareUpdate. A gradient scale of NaN skips the update. */
  readonly step: Tensor;
  /**
   * The working copy in mixed precision: bf16 or f16, same size as the parameters. Receives the rounded parameters, even
   * if the update is skipped.
   */
  readonly working?: Tensor;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** How many parameters, counted from the first, weight decay applies to. Default: all. */
  readonly decayed?: number;
}

export interface UpdateOptions {
  readonly maxNorm: number;
  readonly beta1: number;
  readonly beta2: number;
  /**
   * f32[2], only if fp16 gradients are scaled: the loss scale, and the number of consecutive updates since it last
   * changed. The scale is halved if the sum is not finite, and doubled after 2000 updates (as in torch.amp.GradScaler).
   */
  readonly lossScale?: Tensor;
}

/** What devices compute. A tensor's shape gives the sizes of an operation. */
export interface Operations {
  /**
   * out[M,N] = op(a)[M,K] op(b)[K,N], where op transposes as the options say. If `a` is f32, `b` may be bf16 or q8 (read-only
   * weights); its values are widened to f32. If b is q8 and transposed, a device may round `a` to bf16, or to 8 bits in the
   * same way as b. If `a` is half precision and the device `rounds`, `b` may be f32, and the bits are those of a rounded b.
   * If `a` is half precision, `out` may be f32 when there is no epilogue
   * (weight gradients; logits for sampling).
   */
  matmul(out: Tensor, a: Tensor, b: Tensor, options?: MatmulOptions): void;
  /** out[N] += column sums of x[R,N]. This is the gradient of a bias. */
  sumRows(out: Tensor, x: Tensor): void;

  /**
   * out[R,C] = dropout(tokenTable[tokens[r]] + positionTable[positions[r]]). Tokens and positions are i32[R]. The
   * tables may have the dtypes of b in matmul.
   */
  embedding(out: Tensor, tokens: Tensor, positions: Tensor, tables: EmbeddingTables, dropout: Dropout): void;
  /** gradients.token[V,C] and gradients.position[P,C] += the rows of dropout(gradOut[R,C]) that read each table entry. */
  embeddingBackward(
    gradients: EmbeddingTables,
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void;

  /** out = layernorm(x), both [R,C]. stats[R,2] receives the mean and 1/sqrt(variance + epsilon) of each row. */
  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void;
  /** sum = residual + dropout(branch); out = layernorm(sum). All [R,C]. `sum` may alias `residual`. */
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
   * Backward of layernorm and residualLayernorm: gradX f32[R,C], gradients.weight[C] and gradients.bias[C] += their
   * gradients, from gradOut[R,C], the input x and its stats. If x was the `sum` of residualLayernorm, gradX is also the
   * gradient of the residual, and `branch` receives that of the branch.
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
   * Causal self-attention within segments. qkv[R,3C] holds query, key and value side by side; head h uses columns
   * h*C/H..(h+1)*C/H of each. Writes out[R,C], and logSumExp[H,R] for backward.
   */
  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void;
  /** gradQkv[R,3C] from gradOut[R,C] and the tensors of forward. Recomputes the probabilities tile by tile. */
  attentionBackward(
    gradQkv: Tensor,
    gradOut: Tensor,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): void;
  /**
   * Attention of n new positions in each of B sequences. Stores their keys and values from position lengths[b] on, then
   * computes out[B*n,C] from qkv[B*n,3C]; each position attends to all positions up to itself. Sequences may store in the same
   * place only what has equal bits, and none reads what another one stores. The caller updates `lengths` and `owners`.
   */
  attentionCached(out: Tensor, qkv: Tensor, cache: KeyValueCache, options: Heads): void;

  /** out[s] = x[index[s]], with out[S,C] and index i32[S]. */
  gatherRows(out: Tensor, x: Tensor, index: Tensor): void;
  /** out[R,C] = 0, then out[index[s]] = x[s]. Indices must be distinct. */
  scatterRows(out: Tensor, x: Tensor, index: Tensor): void;

  /**
   * losses[S] = cross-entropy of logits[S,W] against targets i32[S]. A negative target gives loss 0 and gradient 0.
   * With label smoothing e: (1-e) * -log p[target] + e * mean over V of -log p (as in the Hugging Face Trainer).
   * With `gradientScale` f32[2], logits are overwritten by d(g * sum of losses)/d logits, where g is the product of its
   * two numbers; in fp16 the second is the loss scale. Only the first V = `vocabulary` logits of a row count (default:
   * all); the gradient of the others is 0.
   */
  crossEntropy(losses: Tensor, logits: Tensor, targets: Tensor, options: CrossEntropyOptions): void;

  /** out[1] += sum of x. */
  sum(out: Tensor, x: Tensor): void;
  /** out[1] += sum of squares of x. */
  sumOfSquares(out: Tensor, x: Tensor): void;
  /**
   * Completes step f32[6] = [learning rate, gradient scale, 1-beta1^t, 1-beta2^t, t, norm] from the learning rate and t:
   * norm = sqrt(sumOfSquares[1]) / lossScale, gradient scale = min(1, maxNorm / (norm + 1e-6)) / lossScale as in torch's
   * clip_grad_norm_ (no clipping if maxNorm is 0), and t increases by 1. If the sum is not finite, the gradient scale is
   * NaN and t does not change.
   */
  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void;
  /**
   * AdamW with decoupled weight decay (Loshchilov & Hutter 2019; torch.optim.AdamW) over flat f32 buffers, in place.
   * `gradients` are multiplied by the gradient scale when read, and set to zero afterwards.
   */
  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void;
}

export interface Allocator {
  /**
   * The size of `packedB`, in numbers of `dtype`, for a matrix of this shape that is multiplied with rows of this dtype; 0 if
   * products would not be faster with it.
   */
  packedSize(shape: readonly number[], dtype: DType): number;
  /**
   * Allocates zeroed memory. Allowed only before the first step: steps allocate nothing.
   * @param label the purpose, as the memory plan prints it: `weights`, `gradients`, `activations`, ...
   * @throws UserError (device) if there is not enough memory.
   */
  allocate(label: string, shape: readonly number[], dtype?: DType): Tensor;
}

/** A download that may still be in progress. */
export interface Fetched {
  /** Whether `wait` returns without blocking. */
  ready(): boolean;
  wait(): Float32Array;
}

export interface Device extends Allocator, Operations {
  readonly kind: 'cpu' | 'cuda' | 'tfjs';
  /** For people: CPU or GPU model, threads, vector width, versions. */
  readonly description: string;
  readonly precisions: Precisions;
  /** Matrix products over the vocabulary are fastest if its size is a multiple of this. */
  readonly vocabularyMultiple: number;
  /** Batches are fastest if R is a multiple of this: tiles are full and there are few distinct shapes. */
  readonly rowMultiple: number;
  /**
   * Ranges of row counts, ascending. A row has the same bits for every count within a range and whatever the other rows are; in
   * another range it may round differently, and a count outside all ranges may round in its own way. No range contains 1.
   */
  readonly steadyRows: readonly { readonly least: number; readonly most: number }[];
  /** The largest row width and attention head size it supports, in channels. Infinity means no limit. */
  readonly mostChannels: { readonly row: number; readonly head: number };
  /** Bytes that a run can still allocate: the available memory of the machine or the GPU. */
  availableMemory(): number;
  /** A clause that names the limit on `availableMemory` if it is neither the machine's memory nor the GPU's. */
  readonly memoryBound?: string;
  /** Bytes the device uses itself, by purpose. They are no longer available, and they are part of a run's memory. */
  ownMemory(): ReadonlyMap<string, number>;
  /**
   * Reserves one block of `bytes` bytes and serves later allocations from it, because a GPU rounds up every allocation.
   * Devices that gain nothing from it do nothing.
   * @throws UserError (device) if there is not enough memory.
   */
  reserve(bytes: number): void;
  /** Peak memory so far, in bytes (on `cpu`, of the process's resident set). */
  peakMemory(): number;
  /** The choices that this device has made so far, and those that it was told to repeat; null if it makes none. */
  measuredChoices(): MeasuredChoices | null;
  /**
   * Repeats the choices of an earlier run where it would otherwise make its own. Called before the first operation.
   * @returns why they do not apply to this device, as a clause; null if they do
   */
  repeatChoices(choices: MeasuredChoices): string | null;
  /** Frees all allocations. The device is unusable afterwards. */
  dispose(): void;

  /**
   * Runs `work`. Every call with the same owner and key must issue the same operations on the same tensors, so a device
   * may record them once and replay them. `work` must not upload or download.
   */
  replay(owner: object, key: string, work: () => void): void;

  /** Floats are rounded to nearest, ties to even, if the target is bf16 or f16. */
  upload(target: Tensor, data: Float32Array | Int32Array): void;
  /**
   * Waits for all earlier operations. f32, bf16 and f16 are returned as Float32Array.
   * @param into an array of the same size, filled and returned instead of a new one.
   */
  download(source: Tensor, into?: Float32Array): Float32Array;
  /** Starts a download of `source` (f32, up to 16 numbers) as it is after all earlier operations, without waiting now. */
  fetch(source: Tensor): Fetched;
  fill(target: Tensor, value: number): void;
  /** target = source, which must have the same size in elements and bytes. */
  copy(target: Tensor, source: Tensor): void;
}
