// The numbers of one allocation. TensorFlow.js never writes into a tensor, so a storage is a row of pieces, each a flat
// tensor of its own: writing a window replaces what lies in it and cuts the pieces at its borders. Windows are mostly
// the same from step to step (a parameter, its gradient), so that after the first step hardly anything is cut.
// A piece may also be one number repeated: fresh and zeroed memory takes no tensor, and costs nothing to cut.

import * as tf from '@tensorflow/tfjs-core';

export type Content = tf.Tensor1D | number;

interface Piece {
  readonly offset: number;
  readonly size: number;
  readonly content: Content;
}

export class FlatStorage {
  /** In order, without gaps. */
  readonly #pieces: Piece[];

  constructor(readonly size: number) {
    this.#pieces = size === 0 ? [] : [{ offset: 0, size, content: 0 }];
  }

  /** A window as a flat tensor, which belongs to the caller's tidy. Pieces that fill it exactly become one. */
  read(offset: number, size: number): tf.Tensor1D {
    const parts = this.parts(offset, size);
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return asTensor(first.content, size);
    const whole = tf.concat1d(parts.map((part) => asTensor(part.content, part.size)));
    if (this.#startsPiece(offset) && this.#startsPiece(offset + size)) this.write(offset, whole);
    return whole;
  }

  /** What a window consists of, in order; tensors belong to the caller's tidy or to this storage. */
  parts(offset: number, size: number): Piece[] {
    const parts: Piece[] = [];
    for (let index = this.#indexOf(offset); ; index++) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.offset >= offset + size) return parts;
      parts.push(
        cut(piece, Math.max(offset, piece.offset), Math.min(offset + size, piece.offset + piece.size)),
      );
    }
  }

  /** Where pieces of a window begin. */
  borders(offset: number, size: number): number[] {
    const borders: number[] = [];
    for (let index = this.#indexOf(offset); ; index++) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.offset >= offset + size) return borders;
      borders.push(Math.max(offset, piece.offset));
    }
  }

  /** The one number that a window is full of; undefined where there are others, or where nobody looked. */
  constant(offset: number, size: number): number | undefined {
    const piece = this.#pieces[this.#indexOf(offset)];
    if (piece === undefined || piece.offset + piece.size < offset + size) return undefined;
    return typeof piece.content === 'number' ? piece.content : undefined;
  }

  /** @param content as many numbers as the window; a tensor may be in any shape and is kept beyond its tidy. */
  write(offset: number, content: tf.Tensor): void {
    this.#replace(offset, content.size, tf.keep(tf.reshape(content, [content.size])));
  }

  fill(offset: number, size: number, value: number): void {
    this.#replace(offset, size, Math.fround(value));
  }

  release(): void {
    for (const { content } of this.#pieces.splice(0)) if (typeof content !== 'number') content.dispose();
  }

  #replace(offset: number, size: number, content: Content): void {
    if (size === 0) return;
    const first = this.#indexOf(offset);
    let last = first;
    const replacement: Piece[] = [{ offset, size, content }];
    for (; ; last++) {
      const piece = this.#pieces[last];
      if (piece === undefined || piece.offset >= offset + size) break;
      const end = piece.offset + piece.size;
      if (piece.offset < offset) replacement.unshift(kept(cut(piece, piece.offset, offset)));
      if (end > offset + size) replacement.push(kept(cut(piece, offset + size, end)));
    }
    const replaced = this.#pieces.splice(first, last - first, ...replacement);
    for (const piece of replaced) if (typeof piece.content !== 'number') piece.content.dispose();
  }

  /** The piece that element `offset` lies in. */
  #indexOf(offset: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#pieces[middle]?.offset ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  #startsPiece(offset: number): boolean {
    return offset === this.size || this.#pieces[this.#indexOf(offset)]?.offset === offset;
  }
}

function asTensor(content: Content, size: number): tf.Tensor1D {
  return typeof content === 'number' ? tf.fill([size], content) : content;
}

function cut(piece: Piece, from: number, to: number): Piece {
  const { offset, size, content } = piece;
  if (from === offset && to === offset + size) return piece;
  return {
    offset: from,
    size: to - from,
    content: typeof content === 'number' ? content : tf.slice1d(content, from - offset, to - from),
  };
}

function kept(piece: Piece): Piece {
  if (typeof piece.content !== 'number') tf.keep(piece.content);
  return piece;
}
