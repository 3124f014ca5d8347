// The operations' kernels on a card: each call becomes one or two launches in the device's stream, and a matrix product a
// call of cuBLASLt, followed by its epilogue. All float32. Shapes are checked by whoever calls. Indices are not checked
// here: to look at them would be to wait for the card.

import type { OperationKernels } from '../kernel-device.js';
import type { Tensor } from '../tensor.js';
import {
  attentionLaunches,
  attentionModule,
  attentionParameters,
  attentionScratchBytes,
  cachedAttentionFile,
} from './attention-launches.js';
import type { CublasLt } from './cublaslt.js';
import type { Context, KernelFunction } from './driver.js';
import type { KernelSource } from './kernel-cache.js';
import {
  type KernelName,
  kernelParameters,
  type Launch,
  launches,
  layernormSlices,
  type ParameterType,
  rowSlices,
  scratchBytes,
  sumSlices,
} from './launches.js';

/** Of float. */
const bytes = 4;

const files = {
  'memory.cu': ['fill', 'narrow', 'widen', 'narrow_bf16', 'widen_bf16'],
  'epilogue.cu': ['add_bias', 'add_bias_activation', 'activation_gradient'],
  'rows.cu': [
    'sum_rows',
    'add_slices',
    'gather_rows',
    'scatter_rows',
    'sum',
    'sum_of_squares',
    'add_partials',
  ],
  'embedding.cu': ['embedding', 'embedding_backward'],
  'layernorm.cu': ['layernorm', 'residual_layernorm', 'layernorm_backward', 'dropout'],
  'cross-entropy.cu': ['cross_entropy'],
  'adamw.cu': ['prepare_update', 'adamw', 'adamw_narrow'],
} as const satisfies Record<string, readonly KernelName[]>;

type Argument = Tensor | number | undefined;

export interface KernelTools {
  readonly context: Context;
  readonly cublasLt: CublasLt;
  /** The machine code of a source, for the card at hand. */
  readonly image: (source: KernelSource) => Uint8Array;
  /** Memory that stays, for what lies between two launches. */
  readonly scratch: (label: string, bytes: number) => number;
}

export class CudaKernels implements OperationKernels {
  readonly #functions = new Map<string, KernelFunction>();
  readonly #modules = new Map<string, number>();
  #scratch = { address: 0, bytes: 0 };

  constructor(readonly tools: KernelTools) {}

  first_outside(): number {
    return -1;
  }

  matmul(
    out: Tensor,
    a: Tensor,
    b: Tensor,
    _bIsBf16: number,
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
  ): void {
    if (m === 0 || n === 0) return;
    const product = epilogue === 2 && preActivation !== undefined ? preActivation : out;
    const { context, cublasLt } = this.tools;
    if (k > 0)
      cublasLt.matmul(
        {
          out: product.address,
          a: a.address,
          b: b.address,
          m,
          n,
          k,
          transposeA: transposeA === 1,
          transposeB: transposeB === 1,
          accumulate: accumulate === 1,
        },
        context.handles.stream,
      );
    else if (accumulate === 0) context.fill(product.address, 0, m * n);
    if (epilogue === 1) this.#launch('add_bias', launches.add_bias(m, n, bytes), [out, bias, m, n]);
    if (epilogue === 2)
      this.#launch('add_bias_activation', launches.add_bias_activation(m, n, bytes), [
        out,
        preActivation,
        bias,
        activation,
        m,
        n,
      ]);
    if (epilogue === 3)
      this.#launch('activation_gradient', launches.activation_gradient(m * n), [
        out,
        preActivation,
        activation,
        m * n,
      ]);
  }

  sum_rows(out: Tensor, x: Tensor, rows: number, columns: number): void {
    const partial = this.#between(scratchBytes.sum_rows(rows, columns));
    this.#launch('sum_rows', launches.sum_rows(rows, columns, bytes), [partial, x, rows, columns]);
    this.#launch('add_slices', launches.add_slices(columns, 1), [
      out,
      undefined,
      partial,
      rowSlices(rows),
      columns,
    ]);
  }

  embedding(...values: Parameters<OperationKernels['embedding']>): void {
    const [rows, channels] = [values[9], values[10]];
    this.#launch('embedding', launches.embedding(rows, channels, bytes), values);
  }

  embedding_backward(...values: Parameters<OperationKernels['embedding_backward']>): void {
    this.#launch('embedding_backward', launches.embedding_backward(values[8]), values);
  }

  layernorm(...values: Parameters<OperationKernels['layernorm']>): void {
    this.#launch('layernorm', launches.layernorm(values[6], values[7], bytes), values);
  }

  residual_layernorm(...values: Parameters<OperationKernels['residual_layernorm']>): void {
    this.#launch('residual_layernorm', launches.residual_layernorm(values[11], values[12], bytes), values);
  }

  layernorm_backward(
    gradX: Tensor,
    gradWeight: Tensor,
    gradBias: Tensor,
    gradOut: Tensor,
    x: Tensor,
    stats: Tensor,
    weight: Tensor,
    rows: number,
    channels: number,
  ): void {
    const partial = this.#between(scratchBytes.layernorm_backward(rows, channels));
    this.#launch('layernorm_backward', launches.layernorm_backward(rows, channels, bytes), [
      gradX,
      partial,
      gradOut,
      x,
      stats,
      weight,
      rows,
      channels,
    ]);
    this.#launch('add_slices', launches.add_slices(channels, 2), [
      gradWeight,
      gradBias,
      partial,
      layernormSlices(rows),
      channels,
    ]);
  }

  dropout(...values: Parameters<OperationKernels['dropout']>): void {
    this.#launch('dropout', launches.dropout(values[5], values[6], bytes), values);
  }

  attention(...values: Parameters<OperationKernels['attention']>): void {
    const [rows, channels, heads] = [values[5], values[6], values[7]];
    const headSize = channels / heads;
    this.#attend('attention', headSize, attentionLaunches.attention(rows, heads, headSize), values);
  }

  attention_backward(...values: Parameters<OperationKernels['attention_backward']>): void {
    const [gradQkv, ...rest] = values;
    const [rows, channels, heads] = [values[7], values[8], values[9]];
    const headSize = channels / heads;
    const deltas = this.#between(attentionScratchBytes(rows, heads));
    for (const kernel of ['attention_backward_queries', 'attention_backward_keys'] as const)
      this.#attend(kernel, headSize, attentionLaunches[kernel](rows, heads, headSize), [
        gradQkv,
        deltas,
        ...rest,
      ]);
  }

  attention_cached(...values: Parameters<OperationKernels['attention_cached']>): void {
    const [batch, added, channels, heads] = [values[6], values[7], values[9], values[10]];
    const geometry = attentionLaunches.attention_cached(batch, added, heads, channels / heads, bytes);
    const source = { file: cachedAttentionFile, defines: {} };
    this.#run('attention_cached', source, attentionParameters.attention_cached, geometry, values);
  }

  gather_rows(...values: Parameters<OperationKernels['gather_rows']>): void {
    this.#launch('gather_rows', launches.gather_rows(values[3], values[4], bytes), values);
  }

  scatter_rows(out: Tensor, x: Tensor, index: Tensor, rows: number, allRows: number, channels: number): void {
    if (allRows * channels > 0) this.tools.context.fill(out.address, 0, allRows * channels);
    this.#launch('scatter_rows', launches.scatter_rows(rows, channels, bytes), [
      out,
      x,
      index,
      rows,
      channels,
    ]);
  }

  cross_entropy(...values: Parameters<OperationKernels['cross_entropy']>): void {
    this.#launch('cross_entropy', launches.cross_entropy(values[5], values[6]), values.slice(0, -1));
  }

  sum(out: Tensor, x: Tensor, size: number): void {
    this.#sum('sum', out, x, size);
  }

  sum_of_squares(out: Tensor, x: Tensor, size: number): void {
    this.#sum('sum_of_squares', out, x, size);
  }

  prepare_update(...values: Parameters<OperationKernels['prepare_update']>): void {
    this.#launch('prepare_update', launches.prepare_update(), values);
  }

  adamw(...values: Parameters<OperationKernels['adamw']>): void {
    this.#launch('adamw', launches.adamw(values[9]), values);
  }

  #sum(kernel: 'sum' | 'sum_of_squares', out: Tensor, x: Tensor, size: number): void {
    if (size === 0) return;
    const partial = this.#between(scratchBytes.sum(size));
    this.#launch(kernel, launches[kernel](size), [partial, x, size]);
    this.#launch('add_partials', launches.add_partials(), [out, partial, sumSlices(size)]);
  }

  #launch(kernel: KernelName, geometry: Launch, values: readonly Argument[]): void {
    this.#run(kernel, { file: fileOf(kernel), defines: {} }, kernelParameters[kernel], geometry, values);
  }

  #attend(
    kernel: 'attention' | 'attention_backward_queries' | 'attention_backward_keys',
    headSize: number,
    geometry: Launch,
    values: readonly Argument[],
  ): void {
    this.#run(kernel, attentionModule(headSize), attentionParameters[kernel], geometry, values);
  }

  #run(
    name: string,
    source: KernelSource,
    parameters: readonly ParameterType[],
    geometry: Launch,
    values: readonly Argument[],
  ): void {
    const key = JSON.stringify([name, source.defines]);
    let kernel = this.#functions.get(key);
    if (kernel === undefined) {
      kernel = this.tools.context.kernel(this.#module(source), name, parameters);
      this.#functions.set(key, kernel);
    }
    this.tools.context.launch(
      kernel,
      geometry,
      values.map((value) => (typeof value === 'object' ? value.address : (value ?? 0))),
    );
  }

  #module(source: KernelSource): number {
    const key = JSON.stringify(source);
    const known = this.#modules.get(key);
    if (known !== undefined) return known;
    const module = this.tools.context.loadModule(this.tools.image(source));
    this.#modules.set(key, module);
    return module;
  }

  /** Memory for what one launch leaves to the next. Grows in the first step, and is the same from then on. */
  #between(wanted: number): number {
    if (wanted > this.#scratch.bytes)
      this.#scratch = { address: this.tools.scratch('scratch', wanted), bytes: wanted };
    return this.#scratch.address;
  }
}

function fileOf(kernel: KernelName): string {
  for (const [file, kernels] of Object.entries(files))
    if (kernels.some((known) => known === kernel)) return file;
  throw new RangeError(`no file has the kernel ${kernel}`);
}
