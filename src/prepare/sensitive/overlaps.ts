// Overlapping matches become one. It covers all of them, so that no part of a value is left, and is of the kind that comes
// first in the table of recognizers.

export interface Match {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  /** The place in the table of recognizers. */
  readonly rank: number;
}

/** Disjoint matches in the order of the text. */
export function withoutOverlaps(matches: readonly Match[]): Match[] {
  const sorted = [...matches].sort((one, other) => one.start - other.start);
  const merged: Match[] = [];
  for (const match of sorted) {
    const before = merged.at(-1);
    if (!before || match.start >= before.end) merged.push(match);
    else {
      const { entity, rank } = match.rank < before.rank ? match : before;
      merged[merged.length - 1] = {
        entity,
        rank,
        start: before.start,
        end: Math.max(before.end, match.end),
      };
    }
  }
  return merged;
}
