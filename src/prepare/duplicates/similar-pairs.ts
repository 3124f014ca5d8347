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
/** Comparisons that are remembered, so that a pair with several bands in common is compared once. */
const mostRemembered = 2 ** 21;

export class SimilarPairs {
  private readonly shingler = new Shingler();
  private readonly bands;
  private readonly minHash;
  private readonly sets = new Spool();
  private readonly ends = new GrowingNumbers();
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
    this.sets.append(new Uint8Array(set.buffer, set.byteOffset, set.byteLength));
    this.ends.push(this.sets.length);
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
   */
  forEachPair(see: SeePair): void {
    if (this.sizes.length % textsPerChunk > 0) this.writeChunk();
    const compared = new Set<number>();
    for (let band = 0; band < this.bands.count; band++)
      for (const run of runsOf(this.keysOfBand(band))) this.compareRun(run, compared, see);
    this.sets.release();
    this.keys.release();
  }

  private writeChunk(): void {
    this.keys.append(new Uint8Array(this.chunk.buffer));
  }

  private keysOfBand(band: number): Uint32Array {
    const keys = new Uint32Array(this.sizes.length);
    const bytes = 4 * textsPerChunk;
    for (let start = 0; start < keys.length; start += textsPerChunk) {
      const part = this.keys.read((start * this.bands.count + band * textsPerChunk) * 4, bytes);
      const copy = new Uint32Array(new Uint8Array(part).buffer);
      keys.set(copy.subarray(0, keys.length - start), start);
    }
    return keys;
  }

  /**
   * Compares the texts of a run, the best first, with those before that are no near-duplicates of each other. Among thousands
   * of copies, each is compared with one, not with all.
   */
  private compareRun(run: number[], compared: Set<number>, see: SeePair): void {
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
  private compare(better: number, worse: number, compared: Set<number>, see: SeePair): boolean {
    const [size, otherSize] = [this.sizes.at(better), this.sizes.at(worse)];
    if (Math.min(size, otherSize) < this.threshold * Math.max(size, otherSize)) return false;
    const pair = 2 * (better * this.sizes.length + worse);
    if (compared.has(pair)) return false;
    if (compared.has(pair + 1)) return true;
    const isSimilar = similarity(this.setOf(better), this.setOf(worse)) >= this.threshold;
    if (compared.size >= mostRemembered) compared.clear();
    compared.add(isSimilar ? pair + 1 : pair);
    if (isSimilar) see(better, worse);
    return isSimilar;
  }

  /** A copy. */
  private setOf(text: number): Uint32Array {
    const start = text === 0 ? 0 : this.ends.at(text - 1);
    return new Uint32Array(new Uint8Array(this.sets.read(start, this.ends.at(text) - start)).buffer);
  }
}

/** The indices of equal keys, ascending, for each key that occurs more than once. */
function* runsOf(keys: Uint32Array): Generator<number[]> {
  // A hash table with chains: 1 plus an index, or 0 for the end of a chain.
  const mask = 2 ** Math.ceil(Math.log2(keys.length + 1)) - 1;
  const heads = new Uint32Array(mask + 1);
  const next = new Uint32Array(keys.length);
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
