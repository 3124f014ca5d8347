// Byte-pair encoding of one piece of text. It repeatedly merges the neighbouring pair of tokens with the best rank, leftmost
// first, until no pair forms a token. Short pieces, which are nearly all, are searched for their best pair again and again.
// For long ones, a heap of candidate pairs makes this O(n log n) for n bytes, so a megabyte without a space is not slow.
// Byte strings are those of byte-characters.ts.
// (Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.)

import { TokenPairs } from './token-pairs.js';

/** A candidate pair is stored as one number: rank * positions + position of its left token. */
const positions = 2 ** 32;
const noPair = -1;
/** In bytes. */
const longestShortPiece = 64;

export class BytePairEncoder {
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly longestToken: number;
  private readonly pairs: TokenPairs;
  /** The tokens of the single bytes. */
  private readonly byteIds: Int32Array;
  /** The tokens of a short piece, and the token that each forms with the next one. */
  private readonly parts = new Int32Array(longestShortPiece);
  private readonly merged = new Int32Array(longestShortPiece);

  /**
   * @param tokens a byte string per rank, which is also the token's id. They include every single byte, and encode to
   * themselves.
   */
  constructor(tokens: readonly string[]) {
    this.ranks = new Map(tokens.map((token, id) => [token, id]));
    this.longestToken = tokens.reduce((longest, { length }) => Math.max(longest, length), 0);
    this.byteIds = Int32Array.from({ length: 256 }, (_, byte) => this.idOf(String.fromCharCode(byte)));
    this.pairs = new TokenPairs((left, right) =>
      this.ranks.get(`${tokens[left] ?? ''}${tokens[right] ?? ''}`),
    );
  }

  /**
   * The start of each token of `piece`, followed by the end of the piece.
   * @param rankLimit only tokens with a lower rank are formed.
   */
  boundaries(piece: string, rankLimit = Number.POSITIVE_INFINITY): number[] {
    const length = piece.length;
    const next = Int32Array.from({ length: length + 1 }, (_, position) => position + 1);
    const previous = Int32Array.from({ length: length + 1 }, (_, position) => position - 1);
    const pairRank = new Int32Array(length + 1).fill(noPair);
    const candidates = new MinHeap();
    const consider = (left: number) => {
      const right = next[left] ?? length;
      const end = right < length ? (next[right] ?? length) : length;
      const fits = right < length && end - left <= this.longestToken;
      const rank = fits ? this.ranks.get(piece.slice(left, end)) : undefined;
      pairRank[left] = rank === undefined || rank >= rankLimit ? noPair : rank;
      if (rank !== undefined && rank < rankLimit) candidates.push(rank * positions + left);
    };
    for (let left = 0; left < length - 1; left++) consider(left);
    for (let best = candidates.pop(); best !== undefined; best = candidates.pop()) {
      const left = best % positions;
      // The pair may have been merged or replaced since this candidate was queued: only the latest rank counts.
      if (pairRank[left] !== (best - left) / positions) continue;
      const right = next[left] ?? length;
      const after = next[right] ?? length;
      next[left] = after;
      if (after <= length) previous[after] = left;
      pairRank[right] = noPair;
      consider(left);
      const before = previous[left] ?? -1;
      if (before >= 0) consider(before);
    }
    const starts: number[] = [];
    for (let start = 0; start < length; start = next[start] ?? length) starts.push(start);
    starts.push(length);
    return starts;
  }

  /** The token ids of `piece`. */
  encode(piece: string): number[] {
    return piece.length <= longestShortPiece ? this.encodeShort(piece) : this.encodeLong(piece);
  }

  private encodeShort(piece: string): number[] {
    const { parts, merged, pairs } = this;
    let count = piece.length;
    for (let at = 0; at < count; at++) parts[at] = this.byteIds[piece.charCodeAt(at)] ?? 0;
    const merge = (at: number) => {
      const isPair = at >= 0 && at + 1 < count;
      if (at >= 0) merged[at] = isPair ? pairs.merged(parts[at] ?? 0, parts[at + 1] ?? 0) : noPair;
    };
    for (let at = 0; at < count; at++) merge(at);
    for (;;) {
      let best = noPair;
      let bestToken = Number.POSITIVE_INFINITY;
      for (let at = 0; at + 1 < count; at++) {
        const token = merged[at] ?? noPair;
        if (token === noPair || token >= bestToken) continue;
        best = at;
        bestToken = token;
      }
      if (best === noPair) break;
      parts[best] = bestToken;
      count--;
      for (let at = best + 1; at < count; at++) {
        parts[at] = parts[at + 1] ?? 0;
        merged[at] = merged[at + 1] ?? noPair;
      }
      merge(best);
      merge(best - 1);
    }
    const ids: number[] = [];
    for (let at = 0; at < count; at++) ids.push(parts[at] ?? 0);
    return ids;
  }

  private encodeLong(piece: string): number[] {
    const starts = this.boundaries(piece);
    const ids: number[] = [];
    for (let index = 0; index + 1 < starts.length; index++)
      ids.push(this.idOf(piece.slice(starts[index], starts[index + 1])));
    return ids;
  }

  private idOf(token: string): number {
    const id = this.ranks.get(token);
    if (id === undefined) throw new Error(`the vocabulary has no token ${JSON.stringify(token)}`);
    return id;
  }
}

class MinHeap {
  private readonly entries: number[] = [];

  push(entry: number): void {
    const { entries } = this;
    let hole = entries.length;
    entries.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = entries[parent] ?? entry;
      if (above <= entry) break;
      entries[hole] = above;
      hole = parent;
    }
    entries[hole] = entry;
  }

  pop(): number | undefined {
    const { entries } = this;
    const [smallest] = entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return smallest;
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const right = left + 1;
      const child = (entries[right] ?? Infinity) < (entries[left] ?? Infinity) ? right : left;
      const below = entries[child];
      if (below === undefined || below >= last) break;
      entries[hole] = below;
      hole = child;
    }
    entries[hole] = last;
    return smallest;
  }
}
