// Numbers dialogues by their texts, so that equal ones can be kept together. It does not know what a text is: it sees bytes.

import { createHash, randomBytes } from 'node:crypto';

/** Ends the text of a turn. This byte never occurs in UTF-8. */
export const textEnd = 0xff;

/** The bytes of a digest of the texts of a dialogue. */
export const digestBytes = 16;

/**
 * Gives each dialogue the number of its text. Distinct texts are numbered 0, 1, ... in order of first appearance. Takes up to
 * 24 bytes of memory per dialogue.
 * @param textsOf the bytes of the texts of a dialogue, or their digest. They can be overwritten by the next ones.
 */
export function numberTexts(length: number, textsOf: (index: number) => Uint8Array): Int32Array {
  const numbers = new Int32Array(length);
  const hashes = new Uint32Array(length);
  /** A hash table: 1 plus the index of the first dialogue with a text, or 0 for a free place. At most half full. */
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * length + 2)));
  // Unknown to whoever wrote the texts, so that they cannot choose texts with equal hashes. The numbers do not depend on it.
  const start = randomBytes(4).readUInt32LE();
  const areEqual = (one: number, other: number) => {
    const texts = Buffer.from(textsOf(one));
    return texts.equals(textsOf(other));
  };
  let different = 0;
  for (let index = 0; index < length; index++) {
    const hash = hashOf(textsOf(index), start);
    hashes[index] = hash;
    for (let place = hash % table.length; ; place = (place + 1) % table.length) {
      const first = (table[place] ?? 0) - 1;
      if (first < 0) {
        table[place] = index + 1;
        numbers[index] = different++;
        break;
      }
      if (hashes[first] === hash && areEqual(first, index)) {
        numbers[index] = numbers[first] ?? 0;
        break;
      }
    }
  }
  return numbers;
}

/** The texts of a dialogue as bytes: each turn in UTF-8, then `textEnd`. */
export function textsAsBytes(turns: readonly { readonly text: string }[]): Buffer {
  const end = Buffer.of(textEnd);
  return Buffer.concat(turns.flatMap(({ text }) => [Buffer.from(text), end]));
}

/** Texts with the same digest are equal, because no two texts with the same SHA-256 can be found. */
export function digestOf(texts: Uint8Array): Buffer {
  return createHash('sha256').update(texts).digest().subarray(0, digestBytes);
}

/** FNV-1a, 32 bits, from a start of one's own. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash >>> 0;
}
