// MinHash signatures in bands: if two sets have the Jaccard similarity s, a row of their signatures is equal with probability s,
// and all rows of a band with s^rows. Sets that share a band are candidates (Leskovec et al., Mining of Massive Datasets, 3.4).
//
// A signature takes few hashes: each of a set's elements falls into one bin of each of four tables, and a row is the smallest
// hash in its bin (one permutation hashing, Li et al. 2012). An empty bin takes the value of another one, chosen by hashing
// its number (optimal densification, Shrivastava 2017).

import { mixed } from './shingles.js';

const tables = 4;
const binsPerTable = 32;
export const rowsOfSignature = tables * binsPerTable;

const empty = 0xffffffff;

export interface Bands {
  readonly count: number;
  readonly rows: number;
}

/** The least probability with which a pair at the threshold shares a band. */
const wanted = 0.999;

/** As many rows as possible, because they keep apart what is not similar. @param threshold in (0, 1]. */
export function bandsFor(threshold: number): Bands {
  const found = (rows: number) => 1 - (1 - threshold ** rows) ** Math.floor(rowsOfSignature / rows);
  let rows = 1;
  while (rows < 20 && found(rows + 1) >= wanted) rows++;
  return { count: Math.floor(rowsOfSignature / rows), rows };
}

const seeds = [0x2545f491, 0x8f3c1b57, 0x51a7e0d3, 0xc96b42ef];

export class MinHash {
  private readonly rows = new Uint32Array(rowsOfSignature);
  private readonly filled = new Uint32Array(rowsOfSignature);

  constructor(private readonly bands: Bands) {}

  /** Writes a hash of each band to `keys`. @param set distinct hashes, at least one. @param keys one place a band. */
  bandKeys(set: Uint32Array, keys: Uint32Array): void {
    this.sign(set);
    const { filled } = this;
    let row = 0;
    for (let band = 0; band < this.bands.count; band++) {
      let key = band;
      for (let last = row + this.bands.rows; row < last; row++)
        key = Math.imul(key ^ (filled[row] ?? 0), 0x9e3779b1) ^ (key >>> 15);
      keys[band] = mixed(key);
    }
  }

  private sign(set: Uint32Array): void {
    const { rows, filled } = this;
    rows.fill(empty);
    for (let table = 0; table < tables; table++) {
      const seed = seeds[table] ?? 0;
      const first = table * binsPerTable;
      for (let at = 0; at < set.length; at++) {
        const hash = mixed((set[at] ?? 0) ^ seed);
        // The upper bits choose the bin and the lower ones the value.
        const bin = first + (((hash >>> 16) * binsPerTable) >>> 16);
        const value = Math.imul(hash, 0x9e3779b1) >>> 0;
        if (value < (rows[bin] ?? 0)) rows[bin] = value;
      }
    }
    for (let row = 0; row < rowsOfSignature; row++) {
      let from = row;
      const first = row - (row % binsPerTable);
      for (let tries = 1; rows[from] === empty; tries++)
        from = first + (mixed(Math.imul(row + 1, 0x85ebca6b) ^ tries) % binsPerTable);
      filled[row] = rows[from] ?? 0;
    }
  }
}
