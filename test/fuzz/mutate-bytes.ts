// Mutations that do not know the format, like the damage from a bad disk, an incomplete download or a careless edit.

import type { Dice } from './dice.js';

type BytesMutation = (bytes: Buffer, dice: Dice, other: Buffer) => Buffer;

/** Integers that make sizes and offsets overflow. */
export const extremeIntegers: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Larger inputs cost time and find nothing new. */
const mostBytes = 2 ** 17;

function place(bytes: Buffer, dice: Dice): number {
  if (bytes.length === 0) return 0;
  // Most formats keep their important fields at the beginning and at the end.
  const window = dice.pick([bytes.length, 64, 512, 512]);
  const at = dice.below(Math.min(window, bytes.length));
  return dice.chance(3) ? bytes.length - 1 - at : at;
}

const mutations: readonly [BytesMutation, ...BytesMutation[]] = [
  function flipBit(bytes, dice) {
    const copy = Buffer.from(bytes);
    const at = place(copy, dice);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8));
    return copy;
  },
  function setByte(bytes, dice) {
    const copy = Buffer.from(bytes);
    copy[place(copy, dice)] = dice.pick([0, 0x0a, 0x22, 0x7f, 0x80, 0xff, dice.below(256)]);
    return copy;
  },
  function setInteger(bytes, dice) {
    const copy = Buffer.from(bytes);
    const value = dice.pick(extremeIntegers) + BigInt(dice.below(3) - 1);
    const size = dice.pick([1, 2, 4, 8]);
    const at = Math.max(0, Math.min(place(copy, dice), copy.length - size));
    for (let index = 0; index < size && at + index < copy.length; index++) {
      const shift = dice.chance(4) ? size - 1 - index : index;
      copy[at + index] = Number((BigInt.asUintN(64, value) >> BigInt(8 * shift)) & 0xffn);
    }
    return copy;
  },
  function cutEnd(bytes, dice) {
    return bytes.subarray(0, dice.chance(2) ? place(bytes, dice) : dice.below(bytes.length));
  },
  function cutOut(bytes, dice) {
    const from = place(bytes, dice);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + dice.length(256))]);
  },
  function insert(bytes, dice) {
    const at = place(bytes, dice);
    const new_ = Buffer.from(Array.from({ length: dice.length(64) }, () => dice.below(256)));
    return Buffer.concat([bytes.subarray(0, at), new_, bytes.subarray(at)]);
  },
  function repeat(bytes, dice) {
    const from = place(bytes, dice);
    const part = bytes.subarray(from, from + dice.length(512));
    const times = dice.length(Math.max(1, Math.floor(mostBytes / 4 / Math.max(1, part.length))));
    return Buffer.concat([bytes.subarray(0, from), ...Array<Buffer>(times).fill(part), bytes.subarray(from)]);
  },
  function splice(bytes, dice, other) {
    const from = dice.below(other.length);
    const part = other.subarray(from, from + dice.length(1024));
    const at = place(bytes, dice);
    return Buffer.concat([
      bytes.subarray(0, at),
      part,
      bytes.subarray(at + (dice.chance(2) ? part.length : 0)),
    ]);
  },
  function overwriteRun(bytes, dice) {
    const copy = Buffer.from(bytes);
    const at = place(copy, dice);
    copy.fill(dice.pick([0, 0xff, 0x20, 0x5b]), at, Math.min(copy.length, at + dice.length(256)));
    return copy;
  },
];

/** Applies one to four mutations. @param other the source of splices. */
export function mutateBytes(bytes: Uint8Array, dice: Dice, other: Uint8Array): Buffer {
  let mutant = Buffer.from(bytes);
  for (let left = 1 + (dice.chance(2) ? 0 : dice.below(4)); left > 0; left--)
    mutant = Buffer.from(dice.pick(mutations)(mutant, dice, Buffer.from(other)).subarray(0, mostBytes));
  return mutant;
}
