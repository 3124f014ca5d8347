// Random numbers that are the same on every machine: xoshiro128** (Blackman & Vigna, "Scrambled linear pseudorandom number
// generators", 2021). The generator is seeded by hashing any number of integers, so that each purpose, epoch and seed has
// its own stream.

export class Random {
  private readonly state = new Uint32Array(4);

  /** @param key integers within ±2^53; their order matters. */
  constructor(...key: readonly number[]) {
    let hash = 0x9e3779b9;
    const absorb = (word: number) => {
      hash = avalanche((hash ^ (word >>> 0)) + 0x9e3779b9);
    };
    for (const part of key) {
      absorb(part % 2 ** 32);
      absorb(Math.floor(part / 2 ** 32));
    }
    for (let word = 0; word < 4; word++) {
      absorb(word);
      this.state[word] = hash;
    }
    // From the all-zero state the generator would only produce zeros.
    if (this.state.every((word) => word === 0)) this.state[0] = 1;
  }

  /** 32 random bits, as an unsigned integer. */
  next(): number {
    const { state } = this;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
    const scrambled = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    state[2] = s2 ^ s0;
    state[3] = s3 ^ s1;
    state[1] = s1 ^ s2 ^ s0;
    state[0] = s0 ^ s3 ^ s1;
    state[2] = s2 ^ s0 ^ (s1 << 9);
    state[3] = rotate(s3 ^ s1, 11);
    return scrambled;
  }

  /** A uniformly distributed integer in [0, bound); bound at most 2^32. */
  below(bound: number): number {
    const fair = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.next();
      if (draw < fair) return draw % bound;
    }
  }

  /** Shuffles in place (Fisher-Yates in Durstenfeld's form). @returns the same array. */
  shuffle<Items extends { readonly length: number; [index: number]: unknown }>(items: Items): Items {
    for (let last = items.length - 1; last > 0; last--) {
      const chosen = this.below(last + 1);
      const moved = items[last];
      items[last] = items[chosen];
      items[chosen] = moved;
    }
    return items;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** The finaliser of MurmurHash3: a change of any input bit flips half of the output bits on average. */
function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
