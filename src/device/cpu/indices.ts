// Checks of what comes from data: an index outside its table would have a kernel read or write foreign memory.

import type { AttentionOptions } from '../device.js';
import type { Tensor } from '../tensor.js';
import type { Kernels } from './library.js';
import { expectDivisible, expectFloats, expectIntegers, show } from './shapes.js';

/** Every entry of `index` lies in low..high-1. */
export function expectWithin(
  kernels: Kernels,
  operation: string,
  index: Tensor,
  low: number,
  high: number,
): void {
  const at = kernels.first_outside(index, index.size, low, high);
  if (at >= 0)
    throw new Error(`${operation}: entry ${at} of ${show(index)} lies outside ${low}..${high - 1}`);
}

/** Checks an embedding or its gradient; `rows` is what is written or read for each position. */
export function checkEmbedding(
  kernels: Kernels,
  operation: string,
  rows: Tensor,
  tokens: Tensor,
  positions: Tensor,
  tables: { readonly token: Tensor; readonly position: Tensor },
): [rows: number, channels: number] {
  const [count, channels] = [rows.extent(0), rows.extent(1)];
  const [vocabulary, longest] = [tables.token.extent(0), tables.position.extent(0)];
  expectFloats(operation, [count, channels], { rows });
  expectFloats(operation, [vocabulary, channels], { tokenTable: tables.token });
  expectFloats(operation, [longest, channels], { positionTable: tables.position });
  expectIntegers(operation, [count], { tokens, positions });
  expectWithin(kernels, operation, tokens, 0, vocabulary);
  expectWithin(kernels, operation, positions, 0, longest);
  return [count, channels];
}

/** Checks what forward and backward of attention have in common. */
export function checkAttention(
  kernels: Kernels,
  operation: string,
  out: Tensor,
  logSumExp: Tensor,
  qkv: Tensor,
  { heads, segments: { starts, ends } }: AttentionOptions,
): [rows: number, channels: number] {
  const [rows, channels] = [out.extent(0), out.extent(1)];
  expectDivisible(operation, channels, heads);
  expectFloats(operation, [rows, channels], { out });
  expectFloats(operation, [heads, rows], { logSumExp });
  expectFloats(operation, [rows, 3 * channels], { qkv });
  expectIntegers(operation, [rows], { starts, ends });
  expectWithin(kernels, operation, starts, 0, rows);
  expectWithin(kernels, operation, ends, 1, rows + 1);
  return [rows, channels];
}
