// A list of lengths as people read it: quantiles, and a histogram whose steps are round numbers.

export interface Lengths {
  readonly shortest: number;
  readonly median: number;
  /** 95% are at most this long. */
  readonly p95: number;
  readonly longest: number;
  readonly histogram: readonly Bar[];
}

export interface Bar {
  /** Both ends are included. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** 1, 2, 5, 10, 20, 50, ...: where bars begin. */
function* steps(): Generator<number> {
  for (let power = 1; ; power *= 10) yield* [power, 2 * power, 5 * power];
}

/** Null for an empty list. @param values in any order; sorted in place. */
export function lengthsOf(values: Uint32Array): Lengths | null {
  if (values.length === 0) return null;
  values.sort();
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
  return {
    shortest: at(0),
    median: at(0.5),
    p95: at(0.95),
    longest: at(1),
    histogram: barsOf(values),
  };
}

function barsOf(sorted: Uint32Array): Bar[] {
  const bars: Bar[] = [];
  let [from, index] = [0, 0];
  for (const step of steps()) {
    if (index === sorted.length) break;
    const begin = index;
    while (index < sorted.length && (sorted[index] ?? 0) < step) index++;
    const bar = { from, to: step - 1, count: index - begin };
    // Empty bars before the first value say nothing.
    if (bars.length > 0 || bar.count > 0) bars.push(bar);
    from = step;
  }
  return bars;
}
