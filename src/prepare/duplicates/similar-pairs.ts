// Finds the pairs of texts that are at least as similar as a threshold. MinHash bands propose candidates, and each candidate is
// compared shingle by shingle, so a reported pair is always one. Shingles and bands lie on disk if there are many.

import { GrowingIntegers, GrowingNumbers } from '../../corpus/growing-numbers.js';
import { Spool } from '../../files/spool.js';
import { bandsFor, MinHash } from './min-hash.js';
import { Shingler, similarity } from './shingles.js';

/** Called with the numbers of two texts. The first is an anchor, or has more shingles, or as many and the smaller number. */
export type SeePair = (better: number, worse: number) => void;

/** The band keys of this many texts are written together, band by band. */
const textsPerChunk = 2 ** 14;
/** A text is compared with at most this many others that share one of its bands. */
const mostRepresentatives = 32;
/** The place of each text of this number is kept; those between are counted from it. */
const textsPerPlace = 64;

export class SimilarPairs {
  private readonly shingler = new Shingler();
  private readonly bands;
  private readonly minHash;
  private readonly sets = new Spool();
  /** Where the shingles of text 0, 64, 128, ... begin. */
  private readonly places = new GrowingNumbers();
  private readonly sizes = new GrowingIntegers();
  private anchors = 0;
  private readonly keys = new Spool();
  /** The keys of the current chunk: those of the first band, then those of the second, ... */
  private readonly chunk;
  private readonly keysOfText;

  /** @param threshold the least Jaccard similarity, in (0, 1]. */
  constructor(private readonly threshold: number) {
    this.bands = bandsFor(threshold);
    this.minHash = new MinHash(this.bands);
    this.chunk = new Uint32Array(this.bands.count * textsPerChunk);
    this.keysOfText = new Uint32Array(this.bands.count);
  }

  /** Like `add`, before all others, for a text with which every similar text is reported. */
  addAnchor(text: string): void {
    this.anchors++;
    this.add(text);
  }

  /** Texts are numbered 0, 1, ... in the order in which they are added. */
  add(text: string): void {
    const number = this.sizes.length;
    const set = this.shingler.of(text);
    if (number % textsPerPlace === 0) this.places.push(this.sets.length);
    this.sets.append(new Uint8Array(set.buffer, set.byteOffset, set.byteLength));
    this.sizes.push(set.length);
    if (set.length > 0) this.minHash.bandKeys(set, this.keysOfText);
    // No other text has the keys of one without shingles.
    else this.keysOfText.fill(number);
    const place = number % textsPerChunk;
    for (let band = 0; band < this.bands.count; band++)
      this.chunk[band * textsPerChunk + place] = this.keysOfText[band] ?? 0;
    if (place === textsPerChunk - 1) this.writeChunk();
  }

  /** The number of shingles of a text. */
  sizeOf(text: number): number {
    return this.sizes.at(text);
  }

  /**
   * Call once, after the last text. Of many texts that are similar to each other, some pairs are not reported, but enough to
   * connect them. No pair is reported twice, except among very many.
   * @param tell told the share of the bands that is done.
   */
  forEachPair(see: SeePair, tell: (share: number) => void = () => {}): void {
    if (this.sizes.length % textsPerChunk > 0) this.writeChunk();
    const compared = new Compared();
    const keys = new Uint32Array(this.sizes.length);
    const chains = new Chains(keys.length);
    for (let band = 0; band < this.bands.count; band++) {
      this.readKeys(band, keys);
      for (const run of chains.runsOf(keys)) this.compareRun(run, compared, see);
      tell((band + 1) / this.bands.count);
    }
    this.sets.release();
    this.keys.release();
  }

  private writeChunk(): void {
    this.keys.append(new Uint8Array(this.chunk.buffer));
  }

  private readKeys(band: number, keys: Uint32Array): void {
    const bytes = 4 * textsPerChunk;
    for (let start = 0; start < keys.length; start += textsPerChunk) {
      const part = this.keys.read((start * this.bands.count + band * textsPerChunk) * 4, bytes);
      const copy = new Uint32Array(new Uint8Array(part).buffer);
      keys.set(copy.subarray(0, keys.length - start), start);
    }
  }

  /**
   * Compares the texts of a run, the best first, with those before that are no near-duplicates of each other. Among thousands
   * of copies, each is compared with one, not with all.
   */
  private compareRun(run: number[], compared: Compared, see: SeePair): void {
    const anchors = run.filter((text) => text < this.anchors);
    const ranked = run
      .filter((text) => text >= this.anchors)
      .sort((one, other) => this.sizes.at(other) - this.sizes.at(one) || one - other);
    const representatives: number[] = [];
    for (const text of ranked) {
      for (const anchor of anchors) this.compare(anchor, text, compared, see);
      let isSimilar = false;
      for (const better of representatives)
        isSimilar = this.compare(better, text, compared, see) || isSimilar;
      if (!isSimilar && representatives.length < mostRepresentatives) representatives.push(text);
    }
  }

  /** @returns whether the two are similar, as far as is remembered. */
  private compare(better: number, worse: number, compared: Compared, see: SeePair): boolean {
    const [size, otherSize] = [this.sizes.at(better), this.sizes.at(worse)];
    if (Math.min(size, otherSize) < this.threshold * Math.max(size, otherSize)) return false;
    const pair = better * this.sizes.length + worse;
    const known = compared.get(pair);
    if (known !== undefined) return known;
    const isSimilar = similarity(this.setOf(better), this.setOf(worse)) >= this.threshold;
    compared.set(pair, isSimilar);
    if (isSimilar) see(better, worse);
    return isSimilar;
  }

  /** A copy. */
  private setOf(text: number): Uint32Array {
    let start = this.places.at(Math.floor(text / textsPerPlace));
    for (let before = text - (text % textsPerPlace); before < text; before++)
      start += Uint32Array.BYTES_PER_ELEMENT * this.sizes.at(before);
    const length = Uint32Array.BYTES_PER_ELEMENT * this.sizes.at(text);
    return new Uint32Array(new Uint8Array(this.sets.read(start, length)).buffer);
  }
}

/** Remembers lately compared pairs, so that a pair with several bands in common is compared once. */
class Compared {
  private readonly slots = new Float64Array(2 ** 21);

  /** @param pair below 2^52. @returns undefined if it is not remembered. */
  get(pair: number): boolean | undefined {
    const kept = this.slots[slotOf(pair)] ?? 0;
    if (kept === 2 * pair + 1) return false;
    return kept === 2 * pair + 2 ? true : undefined;
  }

  /** Forgets another pair, if there is one in its place. */
  set(pair: number, isSimilar: boolean): void {
    this.slots[slotOf(pair)] = 2 * pair + (isSimilar ? 2 : 1);
  }
}

function slotOf(pair: number): number {
  const mixed = Math.imul((pair % 2 ** 32) ^ Math.imul(Math.floor(pair / 2 ** 32), 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (2 ** 21 - 1);
}

/** Finds equal keys by a hash table with chains. It is made once, because millions of numbers are garbage otherwise. */
class Chains {
  private readonly mask: number;
  /** 1 plus an index, or 0 for the end of a chain. */
  private readonly heads: Uint32Array;
  private readonly next: Uint32Array;

  constructor(keys: number) {
    this.mask = 2 ** Math.ceil(Math.log2(keys + 1)) - 1;
    this.heads = new Uint32Array(this.mask + 1);
    this.next = new Uint32Array(keys);
  }

  /** The indices of equal keys, ascending, for each key that occurs more than once. */
  *runsOf(keys: Uint32Array): Generator<number[]> {
    const { heads, next, mask } = this;
    heads.fill(0);
    for (let index = keys.length - 1; index >= 0; index--) {
      const place = (keys[index] ?? 0) & mask;
      next[index] = heads[place] ?? 0;
      heads[place] = index + 1;
    }
    for (let place = 0; place <= mask; place++) {
      const head = heads[place] ?? 0;
      const second = head === 0 ? 0 : (next[head - 1] ?? 0);
      if (second === 0) continue;
      // Most chains are two texts with different keys.
      if (next[second - 1] === 0 && keys[head - 1] !== keys[second - 1]) continue;
      const byKey = new Map<number, number[]>();
      for (let link = head; link !== 0; link = next[link - 1] ?? 0) {
        const key = keys[link - 1] ?? 0;
        const run = byKey.get(key);
        if (run) run.push(link - 1);
        else byKey.set(key, [link - 1]);
      }
      for (const run of byKey.values()) if (run.length > 1) yield run;
    }
  }
}
