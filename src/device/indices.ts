// Checks shapes, and index values that come from data: an index outside its table would make a kernel read or write
// memory that does not belong to the tensor.

import type { AttentionOptions, KeyValueCache } from './device.js';
import type { OperationKernels } from './operation-kernels.js';
import { expectAll, expectDivisible, expectFloats, expectIntegers, show } from './shapes.js';
import type { FloatType, Tensor } from './tensor.js';

/** @throws Error unless every entry of `index` is in low..high-1. */
export function expectWithin(
  kernels: OperationKernels,
  operation: string,
  index: Tensor,
  low: number,
  high: number,
): void {
  const at = kernels.first_outside(index, index.size, low, high);
  if (at >= 0) throw new Error(`${operation}: entry ${at} of ${show(index)} is outside ${low}..${high - 1}`);
}

/** Checks the arguments of embedding and embeddingBackward; `rows` is the tensor [R,C] that is written or read. */
export function checkEmbedding(
  kernels: OperationKernels,
  operation: string,
  rows: Tensor,
  tokens: Tensor,
  positions: Tensor,
  tables: { readonly token: Tensor; readonly position: Tensor },
  types: { readonly rows: FloatType; readonly tables: FloatType },
): [rows: number, channels: number] {
  const [count, channels] = [rows.extent(0), rows.extent(1)];
  const [vocabulary, longest] = [tables.token.extent(0), tables.position.extent(0)];
  expectAll(operation, types.rows, [count, channels], { rows });
  expectAll(operation, types.tables, [vocabulary, channels], { tokenTable: tables.token });
  expectAll(operation, types.tables, [longest, channels], { positionTable: tables.position });
  expectIntegers(operation, [count], { tokens, positions });
  expectWithin(kernels, operation, tokens, 0, vocabulary);
  expectWithin(kernels, operation, positions, 0, longest);
  return [count, channels];
}

/** Checks the arguments that attention and attentionBackward share. */
export function checkAttention(
  kernels: OperationKernels,
  operation: string,
  out: Tensor,
  logSumExp: Tensor,
  qkv: Tensor,
  { heads, segments: { starts, ends } }: AttentionOptions,
  type: FloatType,
): [rows: number, channels: number] {
  const [rows, channels] = [out.extent(0), out.extent(1)];
  expectDivisible(operation, channels, heads);
  expectAll(operation, type, [rows, channels], { out });
  expectFloats(operation, [heads, rows], { logSumExp });
  expectAll(operation, type, [rows, 3 * channels], { qkv });
  expectIntegers(operation, [rows], { starts, ends });
  expectWithin(kernels, operation, starts, 0, rows);
  expectWithin(kernels, operation, ends, 1, rows + 1);
  return [rows, channels];
}

/** Checks the arguments of attentionCached. */
export function checkCachedAttention(
  kernels: OperationKernels,
  out: Tensor,
  qkv: Tensor,
  { keys, values, lengths, owners }: KeyValueCache,
  heads: number,
  type: FloatType,
): { readonly batch: number; readonly added: number; readonly capacity: number; readonly channels: number } {
  const operation = 'attentionCached';
  const [kept, capacity, channels] = [keys.extent(0), keys.extent(1), keys.extent(2)];
  const [batch, rows] = [lengths.extent(0), out.extent(0)];
  expectDivisible(operation, channels, heads);
  expectAll(operation, type, [rows, channels], { out });
  expectAll(operation, type, [rows, 3 * channels], { qkv });
  expectAll(operation, type, [kept, capacity, channels], { keys, values });
  expectIntegers(operation, [batch], { lengths });
  expectIntegers(operation, [batch, capacity], { owners });
  if (batch > kept) throw new Error(`${operation}: ${batch} sequences in a cache of ${kept}`);
  if (rows % batch !== 0) throw new Error(`${operation}: ${rows} rows are not ${batch} equal sequences`);
  const added = rows / batch;
  expectWithin(kernels, operation, lengths, 0, capacity - added + 1);
  expectWithin(kernels, operation, owners, 0, kept);
  return { batch, added, capacity, channels };
}
