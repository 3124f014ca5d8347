// The base class of all devices: each operation of the contract checks its arguments and calls one kernel, and memory
// lives until `dispose`. It does not know where the kernels run. Indices that come from data are checked before a kernel
// uses them, on devices whose kernels can check them.

import type {
  AdamWOptions,
  AttentionOptions,
  BranchGradient,
  Device,
  Dropout,
  Fetched,
  KeyValueCache,
  LayernormParameters,
  MatmulOptions,
  MeasuredChoices,
  Precision,
  UpdateOptions,
} from './device.js';
import { checkAttention, checkCachedAttention, checkEmbedding, expectWithin } from './indices.js';
import { biasGradientOf, matmulArguments } from './matmul-arguments.js';
import type { OperationKernels } from './operation-kernels.js';
import { expectAll, expectFloats, expectIntegers, floatType, show, weightType } from './shapes.js';
import type { DType, Tensor } from './tensor.js';

/** The memory behind a device's tensors. The device contract describes the operations. */
export interface DeviceMemory extends Pick<Device, 'upload' | 'download' | 'fetch' | 'fill' | 'copy'> {
  /** Bytes that may still be allocated. */
  available(): number;
  allocate(label: string, shape: readonly number[], dtype: DType): Tensor;
  releaseAll(): void;
}

export abstract class KernelDevice implements Device {
  abstract readonly kind: Device['kind'];
  abstract readonly description: string;
  abstract readonly precisions: readonly Precision[];
  abstract readonly weightPrecisions: readonly Precision[];
  abstract readonly vocabularyMultiple: number;
  abstract readonly rowMultiple: number;
  abstract readonly mostChannels: Device['mostChannels'];
  protected abstract readonly memory: DeviceMemory;
  #disposed = false;

  abstract peakMemory(): number;

  /** The kernels, prepared for calls from this device. */
  protected abstract kernels(): OperationKernels;

  ownMemory(): ReadonlyMap<string, number> {
    return new Map();
  }

  availableMemory(): number {
    return this.memory.available();
  }

  reserve(_bytes: number): void {}

  allocate(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    this.ready();
    return this.memory.allocate(label, shape, dtype);
  }

  dispose(): void {
    this.memory.releaseAll();
    this.#disposed = true;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    this.ready();
    this.memory.upload(target, data);
  }

  download(source: Tensor, into?: Float32Array): Float32Array {
    this.ready();
    if (into && into.length !== source.size)
      throw new Error(`download: ${show(source)} does not have ${into.length} elements`);
    return this.memory.download(source, into);
  }

  fetch(source: Tensor): Fetched {
    this.ready();
    return this.memory.fetch(source);
  }

  measuredChoices(): MeasuredChoices | null {
    return null;
  }

  repeatChoices(choices: MeasuredChoices): string | null {
    return `that was on ${choices.madeOn}, and this is ${this.description}`;
  }

  replay(_owner: object, _key: string, work: () => void): void {
    work();
  }

  fill(target: Tensor, value: number): void {
    this.ready();
    this.memory.fill(target, value);
  }

  copy(target: Tensor, source: Tensor): void {
    this.ready();
    this.memory.copy(target, source);
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const kernels = this.ready();
    const product = matmulArguments(this, out, a, b, options);
    const biasGradient = biasGradientOf(options.epilogue);
    if (biasGradient && kernels.matmul_bias_gradient?.(biasGradient, ...product)) return;
    kernels.matmul(...product);
    if (biasGradient) kernels.sum_rows(biasGradient, out, out.extent(0), out.extent(1));
  }

  sumRows(out: Tensor, x: Tensor): void {
    const [rows, columns] = [x.extent(0), x.extent(1)];
    expectFloats('sumRows', [columns], { out });
    expectAll('sumRows', floatType('sumRows', this, x), [rows, columns], { x });
    this.ready().sum_rows(out, x, rows, columns);
  }

  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tables: { readonly token: Tensor; readonly position: Tensor },
    dropout: Dropout,
  ): void {
    const kernels = this.ready();
    const type = floatType('embedding', this, out);
    const types = { rows: type, tables: weightType('embedding', this, tables.token, type) };
    const [rows, channels] = checkEmbedding(kernels, 'embedding', out, tokens, positions, tables, types);
    kernels.embedding(
      out,
      tokens,
      positions,
      tables.token,
      tables.position,
      Number(types.tables !== type),
      ...dropoutArguments('embedding', dropout),
      rows,
      channels,
    );
  }

  embeddingBackward(
    gradients: { readonly token: Tensor; readonly position: Tensor },
    gradOut: Tensor,
    tokens: Tensor,
    positions: Tensor,
    dropout: Dropout,
  ): void {
    const kernels = this.ready();
    const operation = 'embeddingBackward';
    const types = { rows: floatType(operation, this, gradOut), tables: 'f32' } as const;
    const [rows, channels] = checkEmbedding(kernels, operation, gradOut, tokens, positions, gradients, types);
    kernels.embedding_backward(
      gradients.token,
      gradients.position,
      gradOut,
      tokens,
      positions,
      ...dropoutArguments('embeddingBackward', dropout),
      rows,
      channels,
    );
  }

  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const { weight, bias } = parameters;
    const type = floatType('layernorm', this, x);
    expectAll('layernorm', type, [rows, channels], { out, x });
    expectFloats('layernorm', [rows, 2], { stats });
    expectFloats('layernorm', [channels], { weight, bias });
    this.ready().layernorm(out, stats, x, weight, bias, epsilon, rows, channels);
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
    const [rows, channels] = [residual.extent(0), residual.extent(1)];
    const { weight, bias } = parameters;
    const type = floatType('residualLayernorm', this, residual);
    expectAll('residualLayernorm', type, [rows, channels], { sum, out, residual, branch });
    expectFloats('residualLayernorm', [rows, 2], { stats });
    expectFloats('residualLayernorm', [channels], { weight, bias });
    this.ready().residual_layernorm(
      sum,
      out,
      stats,
      residual,
      branch,
      weight,
      bias,
      epsilon,
      ...dropoutArguments('residualLayernorm', dropout),
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
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const type = floatType('layernormBackward', this, x);
    expectFloats('layernormBackward', [rows, channels], { gradX });
    expectAll('layernormBackward', type, [rows, channels], { gradOut, x });
    if (branch) expectAll('layernormBackward', type, [rows, channels], { gradBranch: branch.gradient });
    const sums = { gradWeight: gradients.weight, gradBias: gradients.bias };
    expectFloats('layernormBackward', [channels], { weight, ...sums });
    expectFloats('layernormBackward', [rows, 2], { stats });
    const [probability, site, counter] = branch
      ? dropoutArguments('layernormBackward', branch.dropout)
      : [0, 0, undefined];
    this.ready().layernorm_backward(
      gradX,
      branch?.gradient,
      gradients.weight,
      gradients.bias,
      gradOut,
      x,
      stats,
      weight,
      probability,
      site,
      counter,
      rows,
      channels,
    );
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const kernels = this.ready();
    const type = floatType('attention', this, qkv);
    const [rows, channels] = checkAttention(kernels, 'attention', out, logSumExp, qkv, options, type);
    kernels.attention(
      out,
      logSumExp,
      qkv,
      options.segments.starts,
      options.segments.ends,
      rows,
      channels,
      options.heads,
      options.scale,
      ...dropoutArguments('attention', options.dropout),
    );
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
    const operation = 'attentionBackward';
    const type = floatType(operation, this, qkv);
    const [rows, channels] = checkAttention(kernels, operation, out, logSumExp, qkv, options, type);
    expectAll(operation, type, [rows, 3 * channels], { gradQkv });
    expectAll(operation, type, [rows, channels], { gradOut });
    kernels.attention_backward(
      gradQkv,
      gradOut,
      out,
      logSumExp,
      qkv,
      options.segments.starts,
      options.segments.ends,
      rows,
      channels,
      options.heads,
      options.scale,
      ...dropoutArguments('attentionBackward', options.dropout),
    );
  }

  attentionCached(
    out: Tensor,
    qkv: Tensor,
    cache: KeyValueCache,
    options: { readonly heads: number; readonly scale: number },
  ): void {
    const kernels = this.ready();
    const { keys, values, lengths, owners } = cache;
    const { heads, scale } = options;
    const type = floatType('attentionCached', this, qkv);
    const { batch, added, capacity, channels } = checkCachedAttention(kernels, out, qkv, cache, heads, type);
    kernels.attention_cached(
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
    const kernels = this.ready();
    const [rows, channels] = [out.extent(0), x.extent(1)];
    const type = floatType('gatherRows', this, x);
    expectAll('gatherRows', type, [rows, channels], { out });
    expectAll('gatherRows', type, [x.extent(0), channels], { x });
    expectIntegers('gatherRows', [rows], { index });
    expectWithin(kernels, 'gatherRows', index, 0, x.extent(0));
    kernels.gather_rows(out, x, index, rows, channels);
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const kernels = this.ready();
    const [rows, channels] = [x.extent(0), out.extent(1)];
    const type = floatType('scatterRows', this, x);
    expectAll('scatterRows', type, [out.extent(0), channels], { out });
    expectAll('scatterRows', type, [rows, channels], { x });
    expectIntegers('scatterRows', [rows], { index });
    expectWithin(kernels, 'scatterRows', index, 0, out.extent(0));
    kernels.scatter_rows(out, x, index, rows, out.extent(0), channels);
  }

  crossEntropy(
    losses: Tensor,
    logits: Tensor,
    targets: Tensor,
    options: {
      readonly labelSmoothing: number;
      readonly gradientScale?: Tensor;
      readonly vocabulary?: number;
    },
  ): void {
    const kernels = this.ready();
    const [rows, width] = [logits.extent(0), logits.extent(1)];
    const { labelSmoothing, gradientScale, vocabulary = width } = options;
    if (vocabulary > width) throw new RangeError(`crossEntropy: ${vocabulary} logits in rows of ${width}`);
    expectFloats('crossEntropy', [rows], { losses });
    expectAll('crossEntropy', floatType('crossEntropy', this, logits), [rows, width], { logits });
    expectIntegers('crossEntropy', [rows], { targets });
    if (gradientScale) expectFloats('crossEntropy', [2], { gradientScale });
    expectWithin(kernels, 'crossEntropy', targets, -(2 ** 31), vocabulary);
    kernels.cross_entropy(losses, logits, targets, labelSmoothing, gradientScale, rows, vocabulary, width);
  }

  sum(out: Tensor, x: Tensor): void {
    expectFloats('sum', [1], { out });
    expectFloats('sum', x.shape, { x });
    this.ready().sum(out, x, x.size);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    expectFloats('sumOfSquares', [1], { out });
    expectFloats('sumOfSquares', x.shape, { x });
    this.ready().sum_of_squares(out, x, x.size);
  }

  prepareUpdate(step: Tensor, sumOfSquares: Tensor, options: UpdateOptions): void {
    const { lossScale, maxNorm, beta1, beta2 } = options;
    expectFloats('prepareUpdate', [6], { step });
    expectFloats('prepareUpdate', [1], { sumOfSquares });
    if (lossScale) expectFloats('prepareUpdate', [2], { lossScale });
    this.ready().prepare_update(step, sumOfSquares, lossScale, maxNorm, beta1, beta2);
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
    expectFloats('adamw', shape, { parameters, gradients, firstMoment, secondMoment });
    const { step, working, beta1, beta2, epsilon, weightDecay, decayed = parameters.size } = options;
    expectFloats('adamw', [6], { step });
    const buffers = [parameters, gradients, firstMoment, secondMoment] as const;
    const rest = [step, beta1, beta2, epsilon, weightDecay, decayed, parameters.size] as const;
    if (working === undefined) {
      kernels.adamw(...buffers, ...rest);
      return;
    }
    expectAll('adamw', floatType('adamw', this, working), shape, { working });
    if (working.dtype === 'f32' || kernels.adamw_narrow === undefined)
      throw new Error(`adamw: ${show(working)} is not a half-precision copy`);
    kernels.adamw_narrow(working, ...buffers, ...rest);
  }

  protected ready(): OperationKernels {
    if (this.#disposed) throw new Error(`the ${this.kind} device was disposed of`);
    return this.kernels();
  }
}

function dropoutArguments(
  operation: string,
  dropout: Dropout,
): [probability: number, site: number, counter: Tensor] {
  if (!(dropout.probability >= 0 && dropout.probability < 1))
    throw new Error(`${operation}: dropout probability ${dropout.probability} is not in [0, 1)`);
  expectIntegers(operation, [3], { counter: dropout.counter });
  return [dropout.probability, dropout.site, dropout.counter];
}
