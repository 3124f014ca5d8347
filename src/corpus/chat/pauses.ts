// Finds the pause that separates two dialogues of a chat. Within a dialogue, people answer in seconds or minutes; between
// dialogues, hours or days pass. A histogram of the logarithms of all pauses shows both as hills, and the valley between
// them is where to cut. Knows nothing of messages.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';

/** The smallest and the largest pause that is chosen without being told. */
const shortest = 10 * 60_000;
const longest = 8 * 3_600_000;
/** The pause if the histogram has no clear valley. */
const usual = 3_600_000;

/** Bins per doubling of the pause. The first bin begins at one second, the last one ends at about two months. */
const binsPerDoubling = 4;
const edges = Array.from({ length: 22 * binsPerDoubling + 1 }, (_, bin) =>
  Math.round(1000 * 2 ** (bin / binsPerDoubling)),
);

/** Fewer pauses than this show nothing. */
const fewestPauses = 50;
/** A hill has at least this many pauses within two neighbouring bins on average. */
const fewestInHill = 1.5;
/** The valley is at most this fraction of the lower of the two hills. */
const deepest = 0.5;

export interface Pause {
  readonly milliseconds: number;
  /** Whether a person said it, the histogram shows it, or neither. */
  readonly reason: 'given' | 'valley' | 'unclear';
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * `30m` is half an hour in milliseconds.
 * @throws UserError (usage) unless the text is `auto` or a number with its unit.
 */
export function pauseOf(text: string): number | 'auto' {
  if (text === 'auto') return 'auto';
  const [, count, unit = ''] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? [];
  const milliseconds = Number(count) * (units[unit] ?? Number.NaN);
  if (Number.isNaN(milliseconds))
    throw new UserError(
      'option-invalid',
      `${option('sessionGap')} is ${quoted(text)}, but must be auto, or a time such as 45s, 30m, 1h or 1d`,
    );
  return milliseconds;
}

/** `1 h 20 min`, rounded to minutes unless it is shorter than one. */
export function pauseWords(milliseconds: number): string {
  if (milliseconds < 60_000) return `${Math.round(milliseconds / 1000)} s`;
  const minutes = Math.round(milliseconds / 60_000);
  const words = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  return words.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ');
}

export class Pauses {
  /** The number of pauses in each bin. */
  readonly bins = new Uint32Array(edges.length - 1);
  count = 0;

  /** Counts a pause. Shorter or longer ones than the edges count as the shortest and the longest. */
  add(milliseconds: number): void {
    this.count++;
    const bin = Math.min(this.bins.length - 1, binOf(milliseconds));
    this.bins[bin] = (this.bins[bin] ?? 0) + 1;
  }

  /** @param wanted a pause in milliseconds, which is returned unchanged. */
  choose(wanted: number | 'auto'): Pause {
    if (wanted !== 'auto') return { milliseconds: wanted, reason: 'given' };
    const valley = this.valley();
    return valley === undefined
      ? { milliseconds: usual, reason: 'unclear' }
      : { milliseconds: valley, reason: 'valley' };
  }

  private valley(): number | undefined {
    if (this.count < fewestPauses) return undefined;
    const smooth = smoothed(this.bins);
    const [from, to] = [binOf(shortest), binOf(longest)];
    const depth = Math.min(...smooth.slice(from, to));
    const first = smooth.indexOf(depth, from);
    let end = first;
    while (end < to && smooth[end] === depth) end++;
    const [before, after] = [Math.max(...smooth.slice(0, first)), Math.max(...smooth.slice(end))];
    const lower = Math.min(before, after);
    if (lower < fewestInHill || depth > deepest * lower) return undefined;
    // A flat valley is cut in its middle.
    const middle = edges[Math.floor((first + end) / 2)] ?? usual;
    return Math.min(longest, Math.max(shortest, 60_000 * Math.round(middle / 60_000)));
  }
}

/** The last bin that begins at or before the pause. */
function binOf(milliseconds: number): number {
  let [from, to] = [0, edges.length];
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    if ((edges[middle] ?? 0) <= milliseconds) from = middle;
    else to = middle;
  }
  return from;
}

/** A weighted mean over five bins, so that the valley is no accident of a single bin. */
function smoothed(bins: Uint32Array): number[] {
  const weights = [1, 2, 3, 2, 1];
  return Array.from(bins, (_, bin) =>
    weights.reduce((sum, weight, index) => sum + (weight * (bins[bin + index - 2] ?? 0)) / 9, 0),
  );
}
