// The operations as kernels on a card: each call becomes one or two launches in the device's stream, and a matrix
// product becomes a call of cuBLASLt. The tensors of each call decide the scalar type (float32, bf16 or half). Callers
// check shapes. Indices are not checked, because reading them would wait for the card.

import type { OperationKernels } from '../operation-kernels.js';
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

export class CudaKernels implements OperationKernels {
  constructor(
    readonly launcher: KernelLauncher,
    readonly products: Products,
    /** The card's major compute capability. */
    readonly major: number,
  ) {}

  first_outside(): number {
    return -1;
  }

  matmul(...values: Parameters<OperationKernels['matmul']>): void {
    this.products.multiply(...productOf(values));
  }

  matmul_bias_gradient(biasGradient: Tensor, ...values: Parameters<OperationKernels['matmul']>): boolean {
    this.products.multiply(...productOf(values, biasGradient));
    return true;
  }

  sum_rows(out: Tensor, x: Tensor, rows: number, columns: number): void {
    sumRows(this.launcher, out, x, rows, columns);
  }

  embedding(...values: Parameters<OperationKernels['embedding']>): void {
    const [out, rows, channels] = [values[0], values[9], values[10]];
    const type = scalarType(out);
    this.launcher.launch('embedding', type, launches.embedding(rows, channels, scalarBytes(type)), values);
  }

  embedding_backward(...values: Parameters<OperationKernels['embedding_backward']>): void {
    const [gradOut, rows] = [values[2], values[8]];
    const geometry = launches.embedding_backward(rows);
    this.launcher.launch('embedding_backward', scalarType(gradOut), geometry, values);
  }

  layernorm(...values: Parameters<OperationKernels['layernorm']>): void {
    const [out, rows, channels] = [values[0], values[6], values[7]];
    const type = scalarType(out);
    this.launcher.launch('layernorm', type, launches.layernorm(rows, channels, scalarBytes(type)), values);
  }

  residual_layernorm(...values: Parameters<OperationKernels['residual_layernorm']>): void {
    const [sum, rows, channels] = [values[0], values[11], values[12]];
    const type = scalarType(sum);
    const geometry = launches.residual_layernorm(rows, channels, scalarBytes(type));
    this.launcher.launch('residual_layernorm', type, geometry, values);
  }

  layernorm_backward(
    ...[gradX, gradBranch, gradWeight, gradBias, ...rest]: Parameters<OperationKernels['layernorm_backward']>
  ): void {
    const [gradOut, rows, channels] = [rest[0], rest[7], rest[8]];
    const type = scalarType(gradOut);
    const partial = this.launcher.scratch(scratchBytes.layernorm_backward(rows, channels));
    const geometry = launches.layernorm_backward(rows, channels, scalarBytes(type));
    this.launcher.launch('layernorm_backward', type, geometry, [gradX, gradBranch, partial, ...rest]);
    const values = [gradWeight, gradBias, partial, layernormSlices(rows), channels];
    this.launcher.launch('add_slices', type, launches.add_slices(channels, 2), values);
  }

  attention(...values: Parameters<OperationKernels['attention']>): void {
    const [out, , qkv, , , rows, channels, heads] = values;
    const headSize = channels / heads;
    const source = this.#attentionSource(headSize, [out, qkv]);
    const geometry = attentionLaunches.attention(rows, heads, headSize, source.file);
    this.launcher.launchAttention('attention', scalarType(qkv), source, geometry, values);
  }

  attention_backward(...values: Parameters<OperationKernels['attention_backward']>): void {
    const [gradQkv, ...rest] = values;
    const [gradOut, out, , qkv, , , rows, channels, heads] = rest;
    const headSize = channels / heads;
    const source = this.#attentionSource(headSize, [gradQkv, gradOut, out, qkv]);
    const deltas = this.launcher.scratch(attentionScratchBytes(rows, heads));
    for (const kernel of ['attention_backward_queries', 'attention_backward_keys'] as const) {
      const geometry = attentionLaunches[kernel](rows, heads, headSize, source.file);
      this.launcher.launchAttention(kernel, scalarType(qkv), source, geometry, [gradQkv, deltas, ...rest]);
    }
  }

  attention_cached(...values: Parameters<OperationKernels['attention_cached']>): void {
    const [qkv, batch, added, channels, heads] = [values[1], values[6], values[7], values[9], values[10]];
    const type = scalarType(qkv);
    const geometry = attentionLaunches.attention_cached(
      batch,
      added,
      heads,
      channels / heads,
      scalarBytes(type),
    );
    this.launcher.launchAttention('attention_cached', type, undefined, geometry, values);
  }

  gather_rows(...values: Parameters<OperationKernels['gather_rows']>): void {
    const [out, rows, channels] = [values[0], values[3], values[4]];
    const type = scalarType(out);
    this.launcher.launch(
      'gather_rows',
      type,
      launches.gather_rows(rows, channels, scalarBytes(type)),
      values,
    );
  }

  scatter_rows(out: Tensor, x: Tensor, index: Tensor, rows: number, allRows: number, channels: number): void {
    const type = scalarType(out);
    const { driver, stream } = this.launcher.tools;
    const bytes = allRows * channels * scalarBytes(type);
    if (bytes > 0) driver.memset8(out.address, 0, bytes, stream);
    const geometry = launches.scatter_rows(rows, channels, scalarBytes(type));
    this.launcher.launch('scatter_rows', type, geometry, [out, x, index, rows, channels]);
  }

  cross_entropy(...values: Parameters<OperationKernels['cross_entropy']>): void {
    const [logits, rows, vocabulary] = [values[1], values[5], values[6]];
    const geometry = launches.cross_entropy(rows, vocabulary);
    this.launcher.launch('cross_entropy', scalarType(logits), geometry, values);
  }

  sum(out: Tensor, x: Tensor, size: number): void {
    this.#sum('sum', out, x, size);
  }

  sum_of_squares(out: Tensor, x: Tensor, size: number): void {
    this.#sum('sum_of_squares', out, x, size);
  }

  prepare_update(...values: Parameters<OperationKernels['prepare_update']>): void {
    this.launcher.launch('prepare_update', 'f32', launches.prepare_update(), values);
  }

  adamw(...values: Parameters<OperationKernels['adamw']>): void {
    this.launcher.launch('adamw', 'f32', launches.adamw(values[10]), values);
  }

  adamw_narrow(...values: Parameters<Required<OperationKernels>['adamw_narrow']>): void {
    const [working, size] = [values[0], values[10]];
    this.launcher.launch('adamw_narrow', scalarType(working), launches.adamw_narrow(size), values);
  }

  #sum(kernel: 'sum' | 'sum_of_squares', out: Tensor, x: Tensor, size: number): void {
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

const activations = ['gelu_new', 'gelu'] as const;

/** Converts the ABI's parameters of a product to the contract's. */
function productOf(
  values: Parameters<OperationKernels['matmul']>,
  biasGradient?: Tensor,
): Parameters<Products['multiply']> {
  const [out, a, b, , , , , transposeA, transposeB, accumulate, kind, bias, preActivation, code] = values;
  const activation = activations[code] ?? 'gelu_new';
  const options = {
    transposeA: transposeA === 1,
    transposeB: transposeB === 1,
    accumulate: accumulate === 1,
  };
  if (kind === 1 && bias) return [out, a, b, { ...options, epilogue: { kind: 'bias', bias } }];
  if (kind === 2 && bias && preActivation)
    return [
      ...([out, a, b] as const),
      { ...options, epilogue: { kind: 'bias-activation', bias, activation, preActivation } },
    ];
  if (kind === 3 && preActivation) {
    const sums = biasGradient && { biasGradient };
    return [
      ...([out, a, b] as const),
      { ...options, epilogue: { kind: 'activation-gradient', activation, preActivation, ...sums } },
    ];
  }
  return [out, a, b, options];
}
