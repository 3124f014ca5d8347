// Which memory holds a matrix as the bf16 kernels pack it (gemm-bf16-pack.h). It forgets that as soon as either of the two is
// written to or freed: every call of a kernel says what it writes (library.ts), so no operation can be forgotten. It knows addresses
// only, because views and other devices of this process may write to the same memory.

import { bytesPerElement, type Tensor } from '../tensor.js';

interface Range {
  readonly begin: number;
  readonly end: number;
}

interface Packed {
  readonly memory: Range;
  readonly matrix: Range;
  readonly columns: number;
  readonly transposed: boolean;
}

const nowhere: Range = { begin: Number.POSITIVE_INFINITY, end: Number.NEGATIVE_INFINITY };

export class PackedMatrices {
  /** By the address of the memory. */
  readonly #packed = new Map<number, Packed>();
  // All of them lie in these ranges. Most writes do not, and need no search.
  #matrices = nowhere;
  #memories = nowhere;

  /** Whether `memory` holds `matrix` [rows,columns], packed as the right side of a product, transposed or not. */
  holds(memory: Tensor, matrix: Tensor, transposed: boolean): boolean {
    const packed = this.#packed.get(memory.address);
    if (packed === undefined) return false;
    const { begin, end } = rangeOf(matrix);
    return (
      packed.matrix.begin === begin &&
      packed.matrix.end === end &&
      packed.columns === matrix.extent(1) &&
      packed.transposed === transposed
    );
  }

  packed(memory: Tensor, matrix: Tensor, transposed: boolean): void {
    const ranges = { memory: rangeOf(memory), matrix: rangeOf(matrix) };
    this.#packed.set(memory.address, { ...ranges, columns: matrix.extent(1), transposed });
    this.#matrices = around(this.#matrices, ranges.matrix);
    this.#memories = around(this.#memories, ranges.memory);
  }

  /** Forgets what was packed into or from these bytes. */
  wrote(address: number, bytes: number): void {
    const written = { begin: address, end: address + bytes };
    if (!overlap(written, this.#matrices) && !overlap(written, this.#memories)) return;
    for (const [at, { memory, matrix }] of this.#packed)
      if (overlap(written, memory) || overlap(written, matrix)) this.#packed.delete(at);
  }
}

function rangeOf({ address, size, dtype }: Tensor): Range {
  return { begin: address, end: address + size * bytesPerElement[dtype] };
}

function around(one: Range, other: Range): Range {
  return { begin: Math.min(one.begin, other.begin), end: Math.max(one.end, other.end) };
}

function overlap(one: Range, other: Range): boolean {
  return one.begin < other.end && other.begin < one.end;
}
