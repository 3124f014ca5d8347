// The contents of one allocation. TensorFlow.js tensors are immutable, so a storage is a list of pieces, each a flat tensor:
// writing a range replaces the pieces in it and splits the pieces at its ends. Ranges are mostly the same in every step (a
// parameter, its gradient), so almost nothing is split after the first step. A piece can also be one repeated number: new
// and zeroed memory needs no tensor, and splitting it costs nothing.

import * as tf from '@tensorflow/tfjs-core';

export type Content = tf.Tensor1D | number;

interface Piece {
  readonly offset: number;
  readonly size: number;
  readonly content: Content;
}

export class FlatStorage {
  /** In order and without gaps. */
  readonly #pieces: Piece[];

  constructor(readonly size: number) {
    this.#pieces = size === 0 ? [] : [{ offset: 0, size, content: 0 }];
  }

  /** A range as a flat tensor, which belongs to the caller's tidy. Pieces that fill the range exactly are joined. */
  read(offset: number, size: number): tf.Tensor1D {
    const parts = this.parts(offset, size);
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return asTensor(first.content, size);
    const whole = tf.concat1d(parts.map((part) => asTensor(part.content, part.size)));
    if (this.#startsPiece(offset) && this.#startsPiece(offset + size)) this.write(offset, whole);
    return whole;
  }

  /** The pieces of a range, in order. Their tensors belong to the caller's tidy or to this storage. */
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

  /** The offsets at which the pieces of a range begin. */
  borders(offset: number, size: number): number[] {
    const borders: number[] = [];
    for (let index = this.#indexOf(offset); ; index++) {
      const piece = this.#pieces[index];
      if (piece === undefined || piece.offset >= offset + size) return borders;
      borders.push(Math.max(offset, piece.offset));
    }
  }

  /** The number that fills a whole range, if the range is within one constant piece; otherwise undefined. */
  constant(offset: number, size: number): number | undefined {
    const piece = this.#pieces[this.#indexOf(offset)];
    if (piece === undefined || piece.offset + piece.size < offset + size) return undefined;
    return typeof piece.content === 'number' ? piece.content : undefined;
  }

  /** Replaces the range of content.size elements. @param content a tensor of any shape; it outlives the caller's tidy. */
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

  /** The index of the piece that contains element `offset`. */
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
