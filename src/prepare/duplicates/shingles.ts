// The shingles of a text: hashes of three words in a row, and of four characters in a row where a script has no spaces between
// words. Texts with many equal shingles are near-duplicates. Case, punctuation and white space do not count.

/** What a UTF-16 code unit is; 0 is what stands between words. */
const inWord = 1;
/** A character of a script without spaces, such as Han, or half of an emoji. */
const alone = 2;

const wordsInRow = 3;
const charactersInRow = 4;

let kinds: Uint8Array | undefined;

/** The kind of each code unit. */
function kindsOfUnits(): Uint8Array {
  if (kinds) return kinds;
  kinds = new Uint8Array(0x10000);
  const word = /[\p{L}\p{M}\p{N}]/u;
  const spaceless =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
  for (let unit = 0; unit < kinds.length; unit++) {
    const character = String.fromCharCode(unit);
    const isSurrogate = unit >= 0xd800 && unit < 0xe000;
    if (isSurrogate || spaceless.test(character)) kinds[unit] = alone;
    else if (word.test(character)) kinds[unit] = inWord;
  }
  return kinds;
}

/** murmur3's last step: every bit of the result depends on every bit of `hash`. */
export function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Collects the shingles of one text after the other. The memory is used again. */
export class Shingler {
  /** Hashes of words and of single characters, and which of the two each is. */
  private tokens = new Uint32Array(1024);
  private isAlone = new Uint8Array(1024);
  private shingles = new Uint32Array(1024);

  /**
   * The distinct shingles of a text, ascending. A text that is too short for one has a single shingle of all its tokens.
   * @returns memory that is valid until the next call. Empty if the text has no letters, digits or emoji.
   */
  of(text: string): Uint32Array {
    const tokens = this.tokenize(text.toLowerCase());
    if (tokens === 0) return this.shingles.subarray(0, 0);
    if (this.shingles.length < tokens) this.shingles = new Uint32Array(2 * tokens);
    let count = 0;
    for (let token = 0; token < tokens; token++) {
      const length = this.isAlone[token] === 1 ? charactersInRow : wordsInRow;
      if (token + length > tokens || !this.isUniform(token, length)) continue;
      this.shingles[count++] = this.hashOf(token, length);
    }
    if (count === 0) this.shingles[count++] = this.hashOf(0, tokens);
    return distinct(this.shingles.subarray(0, count).sort());
  }

  /** Words and characters of one kind in a row. Where they change, shingles of the words go on across the characters. */
  private isUniform(start: number, length: number): boolean {
    if (this.isAlone[start] !== 1) return true;
    for (let token = start + 1; token < start + length; token++) if (this.isAlone[token] !== 1) return false;
    return true;
  }

  private hashOf(start: number, length: number): number {
    let hash = length;
    for (let token = start; token < start + length; token++)
      hash = Math.imul(hash ^ (this.tokens[token] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    return mixed(hash);
  }

  private tokenize(text: string): number {
    const kind = kindsOfUnits();
    if (this.tokens.length <= text.length) {
      this.tokens = new Uint32Array(2 * text.length);
      this.isAlone = new Uint8Array(2 * text.length);
    }
    const { tokens, isAlone } = this;
    let count = 0;
    let hash = 0;
    let isWord = false;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      const what = kind[unit];
      if (what === inWord) {
        hash = Math.imul(hash ^ unit, 0x01000193);
        isWord = true;
        continue;
      }
      if (isWord) {
        isAlone[count] = 0;
        tokens[count++] = mixed(hash);
        hash = 0;
        isWord = false;
      }
      if (what !== alone) continue;
      isAlone[count] = 1;
      tokens[count++] = mixed(unit);
    }
    if (isWord) {
      isAlone[count] = 0;
      tokens[count++] = mixed(hash);
    }
    return count;
  }
}

function distinct(sorted: Uint32Array): Uint32Array {
  let count = 0;
  for (let at = 0; at < sorted.length; at++)
    if (at === 0 || sorted[at] !== sorted[at - 1]) sorted[count++] = sorted[at] ?? 0;
  return sorted.subarray(0, count);
}

/** The Jaccard similarity of two ascending lists of distinct shingles: shared ones over all. */
export function similarity(one: Uint32Array, other: Uint32Array): number {
  let [i, j, shared] = [0, 0, 0];
  while (i < one.length && j < other.length) {
    const difference = (one[i] ?? 0) - (other[j] ?? 0);
    if (difference === 0) shared++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  const all = one.length + other.length - shared;
  return all === 0 ? 0 : shared / all;
}
