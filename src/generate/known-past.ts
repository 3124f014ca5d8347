// A decoder that remembers which tokens it has read, so that the part of a prompt that it knows is not computed again:
// in a conversation, all but the newest turns.

import type { DecodingPass } from '../nn/decoding-pass.js';

export class KnownPast {
  /** What every sequence of the decoder has read. */
  private known: number[] = [];

  constructor(private readonly decoder: DecodingPass) {}

  /** The most tokens that a sequence may have. */
  get contextLength(): number {
    return this.decoder.contextLength;
  }

  /** The most sequences side by side. */
  get sequences(): number {
    return this.decoder.sequences;
  }

  /** How many more tokens fit. */
  get room(): number {
    return this.decoder.room;
  }

  /**
   * Makes `tokens` the past of every sequence.
   * @returns logits [V] after the last of them.
   */
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

  /**
   * One more token in each of the first B sequences.
   * @returns logits [B,V].
   */
  advance(tokens: readonly number[]): Float32Array {
    // Where there are several, they part here, and what follows is not every sequence's.
    if (tokens.length === 1 && this.known.length === this.decoder.length) this.known.push(...tokens);
    return this.decoder.advance(tokens);
  }

  /** Lets sequence b go on from the past of sequence `parents[b]`. */
  reorder(parents: readonly number[]): void {
    this.decoder.reorder(parents);
  }
}
