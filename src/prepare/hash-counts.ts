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
    const isFull = this.size >= this.most;
    const { keys, counts } = this;
    const frequent = isFull ? counts.reduce((sum, count) => sum + (count > 1 ? 1 : 0), 0) : this.size;
    // Without enough rare entries to forget, the table grows beyond its limit.
    const grows = !isFull || 2 * frequent > this.size;
    this.keys = new Float64Array(grows ? 2 * keys.length : keys.length);
    this.counts = new Uint32Array(this.keys.length);
    this.size = 0;
    for (let from = 0; from < keys.length; from++) {
      const [key = 0, count = 0] = [keys[from], counts[from]];
      if (key === 0 || (isFull && count === 1)) continue;
      const to = this.placeOf(key - 1);
      this.keys[to] = key;
      this.counts[to] = count;
      this.size++;
    }
  }
}
