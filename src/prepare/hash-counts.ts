// Counts of things by their hash, in 12 bytes each outside of the JavaScript heap. Open addressing with linear probing.

/** With more entries than this, those that were counted once are forgotten: 2^23 entries take 192 MB. */
const mostEntries = 2 ** 23;

export class HashCounts {
  private size = 0;
  /** Hashes plus one, so that 0 is a free place. */
  private keys: Float64Array;
  private counts: Uint32Array;

  /** @param most entries before rare ones are forgotten. */
  constructor(private readonly most = mostEntries) {
    this.keys = new Float64Array(1024);
    this.counts = new Uint32Array(1024);
  }

  /** @param hash a whole number in [0, 2^53). @returns the count with this one. */
  add(hash: number): number {
    let place = this.placeOf(hash);
    if (this.keys[place] === 0) {
      if (2 * (this.size + 1) > this.keys.length) {
        this.makeRoom();
        place = this.placeOf(hash);
      }
      this.keys[place] = hash + 1;
      this.size++;
    }
    const count = (this.counts[place] ?? 0) + 1;
    this.counts[place] = Math.min(count, 0xffff_ffff);
    return count;
  }

  /** 0 for what was never counted, or was forgotten. */
  of(hash: number): number {
    return this.counts[this.placeOf(hash)] ?? 0;
  }

  /** The place of the hash, or the free place where it belongs. */
  private placeOf(hash: number): number {
    const mask = this.keys.length - 1;
    let place = (hash % 0x7fff_ffff) & mask;
    while (this.keys[place] !== 0 && this.keys[place] !== hash + 1) place = (place + 1) & mask;
    return place;
  }

  private makeRoom(): void {
    const { keys, counts, size } = this;
    const least = size >= this.most ? 2 : 1;
    let left = 0;
    for (const count of counts) if (count >= least) left++;
    // Without enough rare entries to forget, the table grows beyond its limit.
    if (least === 1 || 2 * left > size) {
      this.keys = new Float64Array(2 * keys.length);
      this.counts = new Uint32Array(2 * keys.length);
      this.enter(keys, counts, least);
      return;
    }
    // In the same memory, because a second table of this size takes more than everything else.
    const kept = { keys: new Float64Array(left), counts: new Uint32Array(left) };
    let place = 0;
    for (let from = 0; from < keys.length; from++)
      if ((counts[from] ?? 0) >= least) {
        kept.keys[place] = keys[from] ?? 0;
        kept.counts[place++] = counts[from] ?? 0;
      }
    keys.fill(0);
    counts.fill(0);
    this.enter(kept.keys, kept.counts, least);
  }

  /** Puts entries into the empty table. @param least those with a smaller count are left out. */
  private enter(keys: Float64Array, counts: Uint32Array, least: number): void {
    this.size = 0;
    for (let from = 0; from < keys.length; from++) {
      const [key = 0, count = 0] = [keys[from], counts[from]];
      if (count < least) continue;
      const to = this.placeOf(key - 1);
      this.keys[to] = key;
      this.counts[to] = count;
      this.size++;
    }
  }
}
