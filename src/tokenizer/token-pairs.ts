// Remembers which pairs of tokens form a token, so that merging needs no strings. A pair has one place in the table, and a
// newer pair replaces an older one there. So the table never grows, and forgetting costs only time.

const bits = 17;
const none = -1;

export class TokenPairs {
  /** A pair as one number: left * 2^16 + right. */
  private readonly pairs = new Uint32Array(2 ** bits);
  /** 2 plus the token of the pair, 1 if there is none, or 0 for a free place. */
  private readonly tokens = new Int32Array(2 ** bits);

  /** @param find the token that two tokens form. All ids are smaller than 2^16. */
  constructor(private readonly find: (left: number, right: number) => number | undefined) {}

  /** The token that two tokens form, or -1. */
  merged(left: number, right: number): number {
    const pair = ((left << 16) | right) >>> 0;
    const place = Math.imul(pair, 0x9e3779b1) >>> (32 - bits);
    const known = this.tokens[place] ?? 0;
    if (known > 0 && this.pairs[place] === pair) return known - 2;
    const token = this.find(left, right) ?? none;
    this.pairs[place] = pair;
    this.tokens[place] = token + 2;
    return token;
  }
}
