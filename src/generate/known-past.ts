// A decoder that remembers the tokens in its key-value cache. The part of a prompt that it already knows is not computed
// again: in a conversation, everything except the newest turns.

import type { DecodingPass } from '../nn/decoding-pass.js';

/** A model with several sequences side by side. */
export interface Past {
  /** How many more tokens fit into the context. */
  readonly room: number;
  /** Makes `tokens` the past of every sequence. @returns logits [V] after the last token; the caller may overwrite them. */
  read(tokens: readonly number[]): Float32Array;
  /** Adds one token to each of the first B sequences. @returns logits [B,V]; the caller may overwrite them. */
  advance(tokens: readonly number[]): Float32Array;
  /** Continues sequence b from the past of sequence `parents[b]`. */
  reorder(parents: readonly number[]): void;
}

export class KnownPast implements Past {
  /** The tokens that every sequence of the decoder has read. */
  private known: number[] = [];

  constructor(private readonly decoder: DecodingPass) {}

  get room(): number {
    return this.decoder.room;
  }

  read(tokens: readonly number[]): Float32Array {
    // The last token is always read again, because the caller needs its logits.
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
    // With several sequences, the tokens differ from here on, so they are not part of the shared past.
    if (tokens.length === 1 && this.known.length === this.decoder.length) this.known.push(...tokens);
    return this.decoder.advance(tokens);
  }

  reorder(parents: readonly number[]): void {
    this.decoder.reorder(parents);
  }
}
