// The device that every machine has: each operation of the contract checks its shapes and calls one kernel. Memory is
// the kernels' own (outside JavaScript's heap) and lives until `dispose`. Calls are synchronous: when an operation
// returns, it is done. Indices that come from data are checked before a kernel reads through them.

import { UserError } from '../../errors.js';
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
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import { kernelLibrary, type LibraryOptions } from './compiler.js';
import { type Kernels, loadKernels } from './library.js';
import { availableBytes, physicalCores, processorName } from './processor.js';
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
  readonly #kernels: Kernels;
  readonly #availableAtStart = availableBytes();
  readonly #allocations: { readonly address: number; readonly bytes: number }[] = [];
  #allocated = 0;
  #disposed = false;

  constructor(
    kernels: Kernels,
    readonly threads: number,
    compiler: string,
  ) {
    this.#kernels = kernels;
    const count = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
    const serial = kernels.has_threads() === 1 ? '' : ' (compiled without OpenMP)';
    this.description = `CPU: ${processorName()}, ${count}${serial}, ${kernels.instruction_set()}, ${compiler}`;
  }

  /** What is allocated counts as taken, though the operating system hands its pages out only when they are touched. */
  availableMemory(): number {
    return Math.max(0, Math.min(availableBytes(), this.#availableAtStart - this.#allocated));
  }

  peakMemory(): number {
    return process.resourceUsage().maxRSS * 1024;
  }

  allocate(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const kernels = this.#ready();
    if (dtype !== 'f32' && dtype !== 'i32') throw new Error(`allocate: no ${dtype} on the CPU (${label})`);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is no shape (${label})`);
    const bytes =
      Math.max(
        1,
        shape.reduce((product, extent) => product * extent, 1),
      ) * bytesPerElement[dtype];
    const available = this.availableMemory();
    const address = bytes <= available ? kernels.allocate(bytes) : 0;
    if (address === 0) throw outOfMemory(label, bytes, available);
    this.#allocations.push({ address, bytes });
    this.#allocated += bytes;
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  dispose(): void {
    if (this.#disposed) return;
    for (const { address, bytes } of this.#allocations) this.#kernels.release(address, bytes);
    this.#allocations.length = 0;
    this.#allocated = 0;
    this.#disposed = true;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    if (dtype !== target.dtype || data.length !== target.size)
      throw new Error(`upload: ${data.length} ${dtype} do not fill ${show(target)}`);
    this.#ready().upload(target.address, data, data.byteLength);
  }

  download(source: Tensor): Float32Array {
    if (source.dtype !== 'f32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = new Float32Array(source.size);
    this.#ready().download(data, source.address, data.byteLength);
    return data;
  }

  fill(target: Tensor, value: number): void {
    const bits = target.dtype === 'f32' ? new Int32Array(Float32Array.of(value).buffer)[0] : value;
    this.#ready().fill(target.address, bits ?? 0, target.size);
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    this.#ready().copy(target.address, source.address, target.size * bytesPerElement[target.dtype]);
  }

  matmul(out: Tensor, a: Tensor, b: Tensor, options: MatmulOptions = {}): void {
    const { transposeA = false, transposeB = false, accumulate = false, epilogue } = options;
    const [m, n, k] = [out.extent(0), out.extent(1), a.extent(transposeA ? 0 : 1)];
    expectFloats('matmul', {
      out: [out, m, n],
      a: transposeA ? [a, k, m] : [a, m, k],
      b: transposeB ? [b, n, k] : [b, k, n],
    });
    if (accumulate && epilogue) throw new Error('matmul: accumulate does not go with an epilogue');
    const bias = epilogue !== undefined && 'bias' in epilogue ? epilogue.bias : undefined;
    const before = epilogue !== undefined && 'preActivation' in epilogue ? epilogue.preActivation : undefined;
    if (bias) expectFloats('matmul', { bias: [bias, n] });
    if (before) expectFloats('matmul', { preActivation: [before, m, n] });
    this.#ready().matmul(
      out.address,
      a.address,
      b.address,
      m,
      n,
      k,
      Number(transposeA),
      Number(transposeB),
      Number(accumulate),
      epilogue ? epilogueCode[epilogue.kind] : 0,
      bias?.address ?? 0,
      before?.address ?? 0,
      epilogue !== undefined && 'activation' in epilogue ? activationCode[epilogue.activation] : 0,
    );
  }

  sumRows(out: Tensor, x: Tensor): void {
    const [rows, columns] = [x.extent(0), x.extent(1)];
    expectFloats('sumRows', { out: [out, columns], x: [x, rows, columns] });
    this.#ready().sum_rows(out.address, x.address, rows, columns);
  }

  embedding(
    out: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tables: { readonly token: Tensor; readonly position: Tensor },
    dropout: Dropout,
  ): void {
    const [rows, channels] = this.#checkEmbedding('embedding', out, tokens, positions, tables);
    this.#ready().embedding(
      out.address,
      tokens.address,
      positions.address,
      tables.token.address,
      tables.position.address,
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
    const [rows, channels] = this.#checkEmbedding('embeddingBackward', gradOut, tokens, positions, gradients);
    this.#ready().embedding_backward(
      gradients.token.address,
      gradients.position.address,
      gradOut.address,
      tokens.address,
      positions.address,
      ...dropoutArguments('embeddingBackward', dropout),
      rows,
      channels,
    );
  }

  layernorm(out: Tensor, stats: Tensor, x: Tensor, parameters: LayernormParameters, epsilon: number): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    const { weight, bias } = parameters;
    expectFloats('layernorm', {
      out: [out, rows, channels],
      stats: [stats, rows, 2],
      x: [x, rows, channels],
      weight: [weight, channels],
      bias: [bias, channels],
    });
    this.#ready().layernorm(
      out.address,
      stats.address,
      x.address,
      weight.address,
      bias.address,
      epsilon,
      rows,
      channels,
    );
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
    expectFloats('residualLayernorm', {
      sum: [sum, rows, channels],
      out: [out, rows, channels],
      stats: [stats, rows, 2],
      residual: [residual, rows, channels],
      branch: [branch, rows, channels],
      weight: [weight, channels],
      bias: [bias, channels],
    });
    this.#ready().residual_layernorm(
      sum.address,
      out.address,
      stats.address,
      residual.address,
      branch.address,
      weight.address,
      bias.address,
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
    expectFloats('layernormBackward', {
      gradX: [gradX, rows, channels],
      'gradients.weight': [gradients.weight, channels],
      'gradients.bias': [gradients.bias, channels],
      gradOut: [gradOut, rows, channels],
      x: [x, rows, channels],
      stats: [stats, rows, 2],
      weight: [weight, channels],
    });
    this.#ready().layernorm_backward(
      gradX.address,
      gradients.weight.address,
      gradients.bias.address,
      gradOut.address,
      x.address,
      stats.address,
      weight.address,
      rows,
      channels,
    );
  }

  dropout(out: Tensor, x: Tensor, dropout: Dropout): void {
    const [rows, channels] = [x.extent(0), x.extent(1)];
    expectFloats('dropout', { out: [out, rows, channels], x: [x, rows, channels] });
    this.#ready().dropout(out.address, x.address, ...dropoutArguments('dropout', dropout), rows, channels);
  }

  attention(out: Tensor, logSumExp: Tensor, qkv: Tensor, options: AttentionOptions): void {
    const [rows, channels] = this.#checkAttention('attention', out, logSumExp, qkv, options);
    this.#ready().attention(
      out.address,
      logSumExp.address,
      qkv.address,
      options.segments.starts.address,
      options.segments.ends.address,
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
    const [rows, channels] = this.#checkAttention('attentionBackward', out, logSumExp, qkv, options);
    expectFloats('attentionBackward', {
      gradQkv: [gradQkv, rows, 3 * channels],
      gradOut: [gradOut, rows, channels],
    });
    this.#ready().attention_backward(
      gradQkv.address,
      gradOut.address,
      out.address,
      logSumExp.address,
      qkv.address,
      options.segments.starts.address,
      options.segments.ends.address,
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
    const { keys, values, lengths } = cache;
    const [batch, capacity, channels] = [keys.extent(0), keys.extent(1), keys.extent(2)];
    const rows = out.extent(0);
    expectDivisible('attentionCached', channels, options.heads);
    expectFloats('attentionCached', {
      out: [out, rows, channels],
      qkv: [qkv, rows, 3 * channels],
      keys: [keys, batch, capacity, channels],
      values: [values, batch, capacity, channels],
    });
    expectIntegers('attentionCached', { lengths: [lengths, batch] });
    if (rows % batch !== 0) throw new Error(`attentionCached: ${rows} rows are not ${batch} equal sequences`);
    const added = rows / batch;
    this.#expectWithin('attentionCached', lengths, 0, capacity - added + 1);
    this.#ready().attention_cached(
      out.address,
      qkv.address,
      keys.address,
      values.address,
      lengths.address,
      batch,
      added,
      capacity,
      channels,
      options.heads,
      options.scale,
    );
  }

  gatherRows(out: Tensor, x: Tensor, index: Tensor): void {
    const [rows, channels] = [out.extent(0), x.extent(1)];
    expectFloats('gatherRows', { out: [out, rows, channels], x: [x, x.extent(0), channels] });
    expectIntegers('gatherRows', { index: [index, rows] });
    this.#expectWithin('gatherRows', index, 0, x.extent(0));
    this.#ready().gather_rows(out.address, x.address, index.address, rows, channels);
  }

  scatterRows(out: Tensor, x: Tensor, index: Tensor): void {
    const [rows, channels] = [x.extent(0), out.extent(1)];
    expectFloats('scatterRows', { out: [out, out.extent(0), channels], x: [x, rows, channels] });
    expectIntegers('scatterRows', { index: [index, rows] });
    this.#expectWithin('scatterRows', index, 0, out.extent(0));
    this.#ready().scatter_rows(out.address, x.address, index.address, rows, out.extent(0), channels);
  }

  crossEntropy(
    losses: Tensor,
    logits: Tensor,
    targets: Tensor,
    options: { readonly labelSmoothing: number; readonly gradientScale?: Tensor },
  ): void {
    const [rows, vocabulary] = [logits.extent(0), logits.extent(1)];
    const { gradientScale } = options;
    expectFloats('crossEntropy', { losses: [losses, rows], logits: [logits, rows, vocabulary] });
    expectIntegers('crossEntropy', { targets: [targets, rows] });
    if (gradientScale) expectFloats('crossEntropy', { gradientScale: [gradientScale, 1] });
    this.#expectWithin('crossEntropy', targets, -(2 ** 31), vocabulary);
    this.#ready().cross_entropy(
      losses.address,
      logits.address,
      targets.address,
      options.labelSmoothing,
      gradientScale?.address ?? 0,
      rows,
      vocabulary,
    );
  }

  sum(out: Tensor, x: Tensor): void {
    expectFloats('sum', { out: [out, 1], x: [x, ...x.shape] });
    this.#ready().sum(out.address, x.address, x.size);
  }

  sumOfSquares(out: Tensor, x: Tensor): void {
    expectFloats('sumOfSquares', { out: [out, 1], x: [x, ...x.shape] });
    this.#ready().sum_of_squares(out.address, x.address, x.size);
  }

  clipCoefficient(step: Tensor, sumOfSquares: Tensor, maxNorm: number): void {
    expectFloats('clipCoefficient', { step: [step, 4], sumOfSquares: [sumOfSquares, 1] });
    this.#ready().clip_coefficient(step.address, sumOfSquares.address, maxNorm);
  }

  adamw(
    parameters: Tensor,
    gradients: Tensor,
    firstMoment: Tensor,
    secondMoment: Tensor,
    options: AdamWOptions,
  ): void {
    const { shape } = parameters;
    expectFloats('adamw', {
      parameters: [parameters, ...shape],
      gradients: [gradients, ...shape],
      firstMoment: [firstMoment, ...shape],
      secondMoment: [secondMoment, ...shape],
      step: [options.step, 4],
    });
    this.#ready().adamw(
      parameters.address,
      gradients.address,
      firstMoment.address,
      secondMoment.address,
      options.step.address,
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

  #expectWithin(operation: string, index: Tensor, low: number, high: number): void {
    const at = this.#ready().first_outside(index.address, index.size, low, high);
    if (at >= 0)
      throw new Error(`${operation}: entry ${at} of ${show(index)} lies outside ${low}..${high - 1}`);
  }

  #checkEmbedding(
    operation: string,
    rowsTensor: Tensor,
    tokens: Tensor,
    positions: Tensor,
    tables: { readonly token: Tensor; readonly position: Tensor },
  ): [rows: number, channels: number] {
    const [rows, channels] = [rowsTensor.extent(0), rowsTensor.extent(1)];
    const [vocabulary, longest] = [tables.token.extent(0), tables.position.extent(0)];
    expectFloats(operation, {
      rows: [rowsTensor, rows, channels],
      'token table': [tables.token, vocabulary, channels],
      'position table': [tables.position, longest, channels],
    });
    expectIntegers(operation, { tokens: [tokens, rows], positions: [positions, rows] });
    this.#expectWithin(operation, tokens, 0, vocabulary);
    this.#expectWithin(operation, positions, 0, longest);
    return [rows, channels];
  }

  #checkAttention(
    operation: string,
    out: Tensor,
    logSumExp: Tensor,
    qkv: Tensor,
    options: AttentionOptions,
  ): [rows: number, channels: number] {
    const [rows, channels] = [out.extent(0), out.extent(1)];
    const { heads, segments } = options;
    expectDivisible(operation, channels, heads);
    expectFloats(operation, {
      out: [out, rows, channels],
      logSumExp: [logSumExp, heads, rows],
      qkv: [qkv, rows, 3 * channels],
    });
    expectIntegers(operation, { starts: [segments.starts, rows], ends: [segments.ends, rows] });
    this.#expectWithin(operation, segments.starts, 0, rows);
    this.#expectWithin(operation, segments.ends, 1, rows + 1);
    return [rows, channels];
  }
}

function dropoutArguments(
  operation: string,
  dropout: Dropout,
): [probability: number, site: number, counter: number] {
  if (!(dropout.probability >= 0 && dropout.probability < 1))
    throw new Error(`${operation}: ${dropout.probability} is no dropout probability`);
  expectIntegers(operation, { counter: [dropout.counter, 3] });
  return [dropout.probability, dropout.site, dropout.counter.address];
}

function outOfMemory(label: string, bytes: number, available: number): UserError {
  const [needed, left] = [bytes, available].map((count) => `${(count / 1e9).toFixed(2)} GB`);
  return new UserError(
    'device',
    `not enough memory: ${label} needs ${needed} and ${left} are available; lower --per-device-train-batch-size or --max-length, or add --gradient-checkpointing.`,
  );
}
