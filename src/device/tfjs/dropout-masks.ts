// The dropout masks of the device contract, bit for bit the same as on other devices. They are computed with JavaScript's
// 32-bit integers, because TensorFlow.js has no unsigned integers.

/** Writes Philox4x32-7 of one counter to `words` (Salmon et al. 2011). All numbers are 32-bit integers. */
function philox(words: Int32Array, octet: number, row: number, site: number, counter: Int32Array): void {
  const [low = 0, high = 0, step = 0] = counter;
  let [c0, c1, c2, c3] = [octet, row, site, step];
  let [k0, k1] = [low, high];
  for (let round = 0; round < 7; round++) {
    const high0 = multiplyHigh(0xd251, 0x1f53, c0);
    const high1 = multiplyHigh(0xcd9e, 0x8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** The upper 32 bits of the unsigned product of (high * 2^16 + low) and `factor`. */
function multiplyHigh(high: number, low: number, factor: number): number {
  const [factorHigh, factorLow] = [factor >>> 16, factor & 0xffff];
  const middle = high * factorLow + ((low * factorLow) >>> 16);
  const other = low * factorHigh + (middle & 0xffff);
  return (high * factorHigh + (middle >>> 16) + (other >>> 16)) | 0;
}

export interface Mask {
  /** In (0, 1). */
  readonly probability: number;
  readonly site: number;
  /** Seed low, seed high, micro-step. */
  readonly counter: Int32Array;
}

/** Writes the factors (0 or 1/(1-p)) of columns from..to-1 of one row to `out`, starting at index `at`. */
export function maskRow(
  out: Float32Array,
  at: number,
  { probability, site, counter }: Mask,
  row: number,
  from: number,
  to: number,
): void {
  const p = Math.fround(probability);
  const threshold = Math.min(2 ** 16 - 1, Math.floor(p * 2 ** 16 + 0.5));
  const scale = 1 / (1 - threshold / 2 ** 16);
  for (let octet = from >>> 3; octet * 8 < to; octet++) {
    philox(words, octet, row, site, counter);
    const end = Math.min(to, octet * 8 + 8);
    for (let column = Math.max(from, octet * 8); column < end; column++) {
      const word = words[column & 3] ?? 0;
      out[at + column - from] = (column & 4 ? word >>> 16 : word & 0xffff) >= threshold ? scale : 0;
    }
  }
}

const words = new Int32Array(4);

/** The factors of a whole matrix [rows, columns]. */
export function maskOf(mask: Mask, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) maskRow(out, row * columns, mask, row, 0, columns);
  return out;
}
