// A vocabulary of letters, and models that are plain functions of the previous tokens.

import assert from 'node:assert/strict';
import type { Past } from '../src/generate/known-past.js';
import type { Tokenizer } from '../src/tokenizer/tokenizer.js';

/** Token 0 is the end of text; tokens from 1 on are the letters from a on. */
export const letters: Tokenizer = {
  vocabularySize: 27,
  endOfText: 0,
  spelledTokens: [],
  encode: (text) => Array.from(text, (letter) => letter.charCodeAt(0) - 96),
  decode: (ids) => Array.from(ids, (id) => (id === 0 ? '' : String.fromCharCode(96 + id))).join(''),
  files: () => new Map(),
  identity: () => 'letters',
};

/** Returns the logits of the next token, given all previous tokens. */
export type Model = (past: readonly number[]) => Float32Array;

export class ModelPast implements Past {
  private pasts: (readonly number[])[] = [];
  constructor(
    private readonly model: Model,
    private readonly contextLength = 1000,
  ) {}

  get room(): number {
    return this.contextLength - (this.pasts[0]?.length ?? 0);
  }

  read(tokens: readonly number[]): Float32Array {
    this.pasts = new Array<readonly number[]>(64).fill(tokens);
    return this.model(tokens);
  }

  advance(tokens: readonly number[]): Float32Array {
    assert.ok(this.room > 0);
    this.pasts = tokens.map((token, sequence) => [...(this.pasts[sequence] ?? []), token]);
    return Float32Array.from(this.pasts.flatMap((past) => [...this.model(past)]));
  }

  reorder(parents: readonly number[]): void {
    this.pasts = parents.map((parent) => this.pasts[parent] ?? []);
  }
}

/** A model with logits from -4 to 4, computed from a hash of the previous tokens and the seed. */
export function hashedModel(vocabulary: number, seed: number): Model {
  return (past) => {
    let hash = seed | 0;
    const mix = (value: number) => {
      hash = Math.imul(hash ^ (value + 0x9e3779b9), 0x85ebca6b);
      hash ^= hash >>> 13;
      return (hash >>> 0) / 2 ** 32;
    };
    for (const token of past) mix(token);
    return Float32Array.from({ length: vocabulary }, (_, token) => mix(token) * 8 - 4);
  };
}
