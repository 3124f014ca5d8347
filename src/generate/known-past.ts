// A decoder that remembers which tokens it has read, so that the part of a prompt that it knows is not computed again:
// in a conversation, all but the newest turns.

import type { DecodingPass } from '../nn/decoding-pass.js';

/** A model's sequences side by side, as KnownPast has them. */
export interface Past {
  /** How many more tokens fit. */
  readonly room: number;
  /** Makes `tokens` the past of every sequence. @returns logits [V] after the last, to be overwritten at will. */
  read(tokens: readonly number[]): Float32Array;
  /** One more token in each of the first B sequences. @returns logits [B,V], to be overwritten at will. */
  advance(tokens: readonly number[]): Float32Array;
  /** Lets sequence b go on from the past of sequence `parents[b]`. */
  reorder(parents: readonly number[]): void;
}

export class KnownPast implements Past {
  /** What every sequence of the decoder has read. */
  private known: number[] = [];

  constructor(private readonly decoder: DecodingPass) {}

  get room(): number {
    return this.decoder.room;
  }

  read(tokens: readonly number[]): Float32Array {
    // The last one is always read again: its logits are what is asked for.
    const most = Math.min(this.known.length, tokens.length - 1);
    let shared = 0;
    while (shared < most && this.known[shared] === tokens[shared]) shared++;
    this.known.length = shared;
    this.decoder.rewind(shared);
    const logits = this.decoder.prompt(tokens.slice(shared));
    this.known = [...tokens];
    return logits;
  }

  advance(tokens: readonly number[]): Float32Array {
    // Where there are several, they part here, and what follows is not every sequence's.
    if (tokens.length === 1 && this.known.length === this.decoder.length) this.known.push(...tokens);
    return this.decoder.advance(tokens);
  }

  reorder(parents: readonly number[]): void {
    this.decoder.reorder(parents);
  }
}
