// The contract of what turns texts into vectors, so that texts of like meaning have vectors of like direction: a service
// (endpoint-embedder.ts) or a model in this process (folder-embedder.ts). It knows nothing of questions and scores.

import { UserError } from '../../../errors.js';

export interface Embedder {
  /** For messages. Without secrets. */
  readonly name: string;
  /** Names everything that decides a vector, for vectors that are kept. Without secrets. */
  readonly identity: string;
  /**
   * Any number of calls may overlap. The vector of a text does not depend on the texts beside it.
   * @param texts not empty, each at most `longestText` characters.
   * @returns a vector of length 1 for each text, in order. All vectors of an embedder have the same width.
   * @throws UserError (embedder-failed), or the signal's reason when it aborts.
   */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/** A model reads some 500 tokens, and a character is a token at most. */
export const longestText = 500;

/** No model has wider vectors. */
export const widest = 65_536;

/** An embedder that does not answer, or whose answers are no vectors. */
export function embedderFailed(sentence: string, cause?: unknown): UserError {
  return new UserError('embedder-failed', sentence, { cause });
}

/** The vector with length 1. Null if it has no direction, or something in it is no number. */
export function ofLengthOne(values: ArrayLike<unknown>): Float32Array | null {
  let squares = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'number') return null;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return null;
  return Float32Array.from(values as ArrayLike<number>, (value) => value / length);
}

/** Holds an embedder to one width. */
export class Width {
  private known: number | null = null;

  /** @throws UserError */
  hold(vector: Float32Array, name: string): void {
    this.known ??= vector.length;
    if (vector.length !== this.known)
      throw embedderFailed(
        `${name} gave vectors of ${this.known} and of ${vector.length} numbers, which cannot be compared; use one model`,
      );
  }
}
