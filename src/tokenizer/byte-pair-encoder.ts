// Byte-pair encoding of one piece of text. It repeatedly merges the neighbouring pair of tokens with the best rank, leftmost
// first, until no pair forms a token. A heap of candidate pairs makes this O(n log n) for n bytes, so a megabyte
// without a space is not slow. Byte strings are those of byte-characters.ts.
// (Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.)

/** A candidate pair is stored as one number: rank * positions + position of its left token. */
const positions = 2 ** 32;
const noPair = -1;

export class BytePairEncoder {
  private readonly longestToken: number;

  /** @param ranks maps each byte string to its rank, which is also the token's id; it must contain every single byte. */
  constructor(private readonly ranks: ReadonlyMap<string, number>) {
    let longest = 0;
    for (const token of ranks.keys()) longest = Math.max(longest, token.length);
    this.longestToken = longest;
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
    const whole = this.ranks.get(piece);
    if (whole !== undefined) return [whole];
    const starts = this.boundaries(piece);
    const ids: number[] = [];
    for (let index = 0; index + 1 < starts.length; index++) {
      const id = this.ranks.get(piece.slice(starts[index], starts[index + 1]));
      if (id === undefined)
        throw new Error(`the vocabulary has no token for a byte of ${JSON.stringify(piece)}`);
      ids.push(id);
    }
    return ids;
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
