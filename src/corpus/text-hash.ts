// Hashes of texts, to count texts without keeping them. Two of 10 million texts share a hash with a probability of 1 %.

/** A number below 2^53, the same on every machine. @param seed gives independent hashes. */
export function textHash(text: string, seed = 0): number {
  let low = 0x9e3779b9 ^ seed;
  let high = 0x85ebca6b ^ seed;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
    low = (low << 13) | (low >>> 19);
    high = (high << 17) | (high >>> 15);
  }
  low = mixed(low ^ text.length ^ Math.imul(high, 0xc2b2ae35));
  high = mixed(high ^ Math.imul(low, 0x27d4eb2f));
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

/** The finaliser of MurmurHash3. */
function mixed(word: number): number {
  let bits = word ^ (word >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
