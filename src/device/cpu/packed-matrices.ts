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

export class PackedMatrices {
  /** By the address of the memory. */
  readonly #packed = new Map<number, Packed>();

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
    this.#packed.set(memory.address, {
      memory: rangeOf(memory),
      matrix: rangeOf(matrix),
      columns: matrix.extent(1),
      transposed,
    });
  }

  /** Forgets what was packed into or from these bytes. */
  wrote(address: number, bytes: number): void {
    if (this.#packed.size === 0) return;
    const written = { begin: address, end: address + bytes };
    for (const [at, { memory, matrix }] of this.#packed)
      if (overlap(written, memory) || overlap(written, matrix)) this.#packed.delete(at);
  }
}

function rangeOf({ address, size, dtype }: Tensor): Range {
  return { begin: address, end: address + size * bytesPerElement[dtype] };
}

function overlap(one: Range, other: Range): boolean {
  return one.begin < other.end && other.begin < one.end;
}
