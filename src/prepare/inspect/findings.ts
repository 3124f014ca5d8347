// Things that are found in dialogues, by kind: how many, and the places of a few.

export interface Finding {
  readonly source: string;
  /** The number of the turn in its dialogue, from 1; undefined if it is not in a turn. */
  readonly turn?: number | undefined;
  /** The text or value; undefined if it must not be shown. */
  readonly text?: string | undefined;
}

const mostPlaces = 5;

export class Findings {
  readonly counts = new Map<string, number>();
  private readonly places = new Map<string, Finding[]>();

  add(kind: string, finding: Finding): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    const places = this.places.get(kind) ?? [];
    if (places.length < mostPlaces) this.places.set(kind, [...places, finding]);
  }

  /** The first ones. */
  placesOf(kind: string): readonly Finding[] {
    return this.places.get(kind) ?? [];
  }

  /** The most frequent first. */
  get kinds(): readonly (readonly [kind: string, count: number])[] {
    return [...this.counts].sort(([, one], [, other]) => other - one);
  }
}
