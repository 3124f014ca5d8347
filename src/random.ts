// Seeded random numbers, the same on every platform: xoshiro128** (Blackman & Vigna 2018) seeded by a hash of the seed
// and of what the numbers are for, so that no two uses share a stream.

import { createHash } from 'node:crypto';

/** @returns a generator of numbers in [0, 1), in steps of 2^-32. */
export function seededRandom(seed: number, ...purpose: readonly (string | number)[]): () => number {
  const digest = createHash('sha256').update(JSON.stringify([seed, ...purpose])).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let d = digest.readUInt32LE(12);
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled / 2 ** 32;
  };
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** A new array with the items in random order (Fisher-Yates). */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    const item = order[last] as Item;
    order[last] = order[chosen] as Item;
    order[chosen] = item;
  }
  return order;
}
