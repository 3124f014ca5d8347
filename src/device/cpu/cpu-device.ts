// The device that every machine has: each operation of the contract checks its shapes and calls one kernel. Memory is
// the kernels' own (outside JavaScript's heap) and lives until `dispose`. Calls are synchronous: when an operation
// returns, it is done. Indices that come from data are checked before a kernel reads through them.

import type {
  Activation,
  AdamWOptions,
  AttentionOptions,
  Device,
  Dropout,
  Epilogue,
  KeyValueCache,
  LayernormParameters,
  MatmulOptions,
  Precision,
} from '../device.js';
import { bytesPerElement, type DType, type Tensor } from '../tensor.js';
import { kernelLibrary, type LibraryOptions } from './compiler.js';
import { checkAttention, checkEmbedding, expectWithin } from './indices.js';
import { type Kernels, loadKernels } from './library.js';
import { NativeMemory } from './memory.js';
import { physicalCores, processorName } from './processor.js';
import { expectDivisible, expectFloats, expectIntegers, expectSameSize, show } from './shapes.js';

export interface CpuDeviceOptions extends LibraryOptions {
  /** Default: OMP_NUM_THREADS where that is set, else the physical cores that this process may use. */
  readonly threads?: number | undefined;
}

/** @throws UserError (device) without a compiler, or when it cannot compile the kernels. */
export function createCpuDevice(options: CpuDeviceOptions = {}): CpuDevice {
  const { path, compiler } = kernelLibrary(options);
  const kernels = loadKernels(path);
  const wanted = options.threads ?? threadsOfEnvironment(options.env ?? process.env) ?? physicalCores();
  if (!Number.isInteger(wanted) || wanted < 1) throw new RangeError(`${wanted} is no number of threads`);
  return new CpuDevice(kernels, kernels.has_threads() === 1 ? wanted : 1, compiler.name);
}

function threadsOfEnvironment(env: NodeJS.ProcessEnv): number | undefined {
  // A list gives the threads of nested levels; ours is the first.
  const threads = Number.parseInt(env.OMP_NUM_THREADS ?? '', 10);
  return threads >= 1 ? threads : undefined;
}

const activationCode = { gelu_new: 0, gelu: 1 } as const satisfies Record<Activation, number>;
const epilogueCode = { bias: 1, 'bias-activation': 2, 'activation-gradient': 3 } as const satisfies Record<
  Epilogue['kind'],
  number
>;

export class CpuDevice implements Device {
  readonly kind = 'cpu';
  readonly description: string;
  readonly precisions: readonly Precision[] = ['fp32'];
  readonly weightPrecisions: readonly Precision[] = ['fp32'];
  readonly #kernels: Kernels;
  readonly #memory: NativeMemory;
  #disposed = false;

  constructor(
    kernels: Kernels,
    readonly threads: number,
    compiler: string,
  ) {
    this.#kernels = kernels;
    this.#memory = new NativeMemory(kernels);
    const count = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    const serial = kernels.has_threads() === 1 ? '' : ' (compiled without OpenMP)';
    this.description = `CPU: ${processorName()}, ${count}${serial}, ${kernels.instruction_set()}, ${compiler}`;
  }

  availableMemory(): number {
    return this.#memory.available();
  }

  peakMemory(): number {
    return process.resourceUsage().maxRSS * 1024;
  }

  allocate(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    this.#ready();
    return this.#memory.allocate(label, shape, dtype);
  }

  dispose(): void {
    this.#memory.releaseAll();
    this.#disposed = true;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    if (dtype !== target.dtype || data.length !== target.size)
      throw new Error(`upload: ${data.length} ${dtype} do not fill ${show(target)}`);
    this.#ready().upload(target, data, data.byteLength);
  }

  download(source: Tensor): Float32Array {
    if (source.dtype !== 'f32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = new Float32Array(source.size);
    this.#ready().download(data, source, data.byteLength);
    return data;
  }

  fill(target: Tensor, value: number): void {
    const bits = target.dtype === 'f32' ? new Int32Array(Float32Array.of(value).buffer)[0] : value;
    this.#ready().fill(target, bits ?? 0, target.size);
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    this.#ready().copy(target, source, target.size * bytesPerElement[target.dtype]);
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const { transposeA = false, transposeB = false, accumulate = false, epilogue } = options;
    const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
    expectFloats('matmul', [m, n], { out });
    expectFloats('matmul', transposeA ? [k, m] : [m, k], { a });
    expectFloats('matmul', transposeB ? [n, k] : [k, n], { b });
    if (accumulate && epilogue) throw new Error('matmul: accumulate does not go with an epilogue');
    const bias = epilogue !== undefined && 'bias' in epilogue ? epilogue.bias : undefined;
    const before = epilogue !== undefined && 'preActivation' in epilogue ? epilogue.preActivation : undefined;
    if (bias) expectFloats('matmul', [n], { bias });
    if (before) expectFloats('matmul', [m, n], { preActivation: before });
    this.#ready().matmul(
      out,
      a,
      b,
      m,
      n,
      k,
      Number(transposeA),
      Number(transposeB),
      Number(accumulate),
      epilogue ? epilogueCode[epilogue.kind] : 0,
      bias,
      before,
      epilogue !== undefined && 'activation' in epilogue ? activationCode[epilogue.activation] : 0,
    );
  }

  sumRows(out: Tensor, x: Tensor): void {
    const [rows, columns] = [x.extent(0), x.extent(1)];
    expectFloats('sumRows', [columns], { out });
    expectFloats('sumRows', [rows, columns], { x });
    this.#ready().sum_rows(out, x, rows, columns);
  }

  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tables: { readonly token: Tensor; readonly position: Tensor },
    dropout: Dropout,
  ): void {
    const kernels = this.#ready();
    const [rows, channels] = checkEmbedding(kernels, 'embedding', out, tokens, positions, tables);
    kernels.embedding(
      out,
      tokens,
      positions,
      tables.token,
      tables.position,
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
    const kernels = this.#ready();
    const [rows, channels] = checkEmbedding(
      kernels,
      'embeddingBackward',
      gradOut,
      tokens,
      positions,
      gradients,
    );
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
    expectFloats('layernorm', [rows, channels], { out, x });
    expectFloats('layernorm', [rows, 2], { stats });
    expectFloats('layernorm', [channels], { weight, bias });
    this.#ready().layernorm(out, stats, x, weight, bias, epsilon, rows, channels);
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
    expectFloats('residualLayernorm', [rows, channels], { sum, out, residual, branch });
    expectFloats('residualLayernorm', [rows, 2], { stats });
    expectFloats('residualLayernorm', [channels], { weight, bias });
    this.#ready().residual_layernorm(
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
  ): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    expectFloats('layernormBackward', [rows, channels], { gradX, gradOut, x });
    expectFloats('layernormBackward', [channels], {
      gradWeight: gradients.weight,
      gradBias: gradients.bias,
      weight,
    });
    expectFloats('layernormBackward', [rows, 2], { stats });
    this.#ready().layernorm_backward(
      gradX,
      gradients.weight,
      gradients.bias,
      gradOut,
      x,
      stats,
      weight,
      rows,
      channels,
    );
  }

  dropout(out: Tensor, x: Tensor, dropout: Dropout): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    expectFloats('dropout', [rows, channels], { out, x });
    this.#ready().dropout(out, x, ...dropoutArguments('dropout', dropout), rows, channels);
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const kernels = this.#ready();
    const [rows, channels] = checkAttention(kernels, 'attention', out, logSumExp, qkv, options);
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
    const kernels = this.#ready();
    const [rows, channels] = checkAttention(kernels, 'attentionBackward', out, logSumExp, qkv, options);
    expectFloats('attentionBackward', [rows, 3 * channels], { gradQkv });
    expectFloats('attentionBackward', [rows, channels], { gradOut });
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
    const kernels = this.#ready();
    const { keys, values, lengths, owners } = cache;
    const [kept, capacity, channels] = [keys.extent(0), keys.extent(1), keys.extent(2)];
    const batch = lengths.extent(0);
    const rows = out.extent(0);
    expectDivisible('attentionCached', channels, options.heads);
    expectFloats('attentionCached', [rows, channels], { out });
    expectFloats('attentionCached', [rows, 3 * channels], { qkv });
    expectFloats('attentionCached', [kept, capacity, channels], { keys, values });
    expectIntegers('attentionCached', [batch], { lengths });
    expectIntegers('attentionCached', [batch, capacity], { owners });
    if (batch > kept) throw new Error(`attentionCached: ${batch} sequences in a cache of ${kept}`);
    if (rows % batch !== 0) throw new Error(`attentionCached: ${rows} rows are not ${batch} equal sequences`);
    const added = rows / batch;
    expectWithin(kernels, 'attentionCached', lengths, 0, capacity - added + 1);
    expectWithin(kernels, 'attentionCached', owners, 0, kept);
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
      options.heads,
      options.scale,
    );
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    const kernels = this.#ready();
    const [rows, channels] = [out.extent(0), x.extent(1)];
    expectFloats('gatherRows', [rows, channels], { out });
    expectFloats('gatherRows', [x.extent(0), channels], { x });
    expectIntegers('gatherRows', [rows], { index });
    expectWithin(kernels, 'gatherRows', index, 0, x.extent(0));
    kernels.gather_rows(out, x, index, rows, channels);
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const kernels = this.#ready();
    const [rows, channels] = [x.extent(0), out.extent(1)];
    expectFloats('scatterRows', [out.extent(0), channels], { out });
    expectFloats('scatterRows', [rows, channels], { x });
    expectIntegers('scatterRows', [rows], { index });
    expectWithin(kernels, 'scatterRows', index, 0, out.extent(0));
    kernels.scatter_rows(out, x, index, rows, out.extent(0), channels);
  }

  crossEntropy(
    losses: Tensor,
    logits: Tensor,
    targets: Tensor,
    options: { readonly labelSmoothing: number; readonly gradientScale?: Tensor },
  ): void {
    const kernels = this.#ready();
    const [rows, vocabulary] = [logits.extent(0), logits.extent(1)];
    const { gradientScale } = options;
    expectFloats('crossEntropy', [rows], { losses });
    expectFloats('crossEntropy', [rows, vocabulary], { logits });
    expectIntegers('crossEntropy', [rows], { targets });
    if (gradientScale) expectFloats('crossEntropy', [1], { gradientScale });
    expectWithin(kernels, 'crossEntropy', targets, -(2 ** 31), vocabulary);
    kernels.cross_entropy(losses, logits, targets, options.labelSmoothing, gradientScale, rows, vocabulary);
  }

  sum(out: Tensor, x: Tensor): void {
    expectFloats('sum', [1], { out });
    expectFloats('sum', x.shape, { x });
    this.#ready().sum(out, x, x.size);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    expectFloats('sumOfSquares', [1], { out });
    expectFloats('sumOfSquares', x.shape, { x });
    this.#ready().sum_of_squares(out, x, x.size);
  }

  clipCoefficient(step: Tensor, sumOfSquares: Tensor, maxNorm: number): void {
    expectFloats('clipCoefficient', [4], { step });
    expectFloats('clipCoefficient', [1], { sumOfSquares });
    this.#ready().clip_coefficient(step, sumOfSquares, maxNorm);
  }

  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void {
    const kernels = this.#ready();
    const { shape } = parameters;
    expectFloats('adamw', shape, { parameters, gradients, firstMoment, secondMoment });
    expectFloats('adamw', [4], { step: options.step });
    kernels.adamw(
      parameters,
      gradients,
      firstMoment,
      secondMoment,
      options.step,
      options.beta1,
      options.beta2,
      options.epsilon,
      options.weightDecay,
      parameters.size,
    );
  }

  /** The kernels, set to this device's threads: another device of the process may have other ones. */
  #ready(): Kernels {
    if (this.#disposed) throw new Error('the CPU device was disposed of');
    this.#kernels.set_threads(this.threads);
    return this.#kernels;
  }
}

function dropoutArguments(
  operation: string,
  dropout: Dropout,
): [probability: number, site: number, counter: Tensor] {
  if (!(dropout.probability >= 0 && dropout.probability < 1))
    throw new Error(`${operation}: ${dropout.probability} is no dropout probability`);
  expectIntegers(operation, [3], { counter: dropout.counter });
  return [dropout.probability, dropout.site, dropout.counter];
}
