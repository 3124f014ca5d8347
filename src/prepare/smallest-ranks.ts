// Which occurrences of a frequent text stay: those with the smallest ranks, so that it does not depend on the order of reading.

export class SmallestRanks {
  private readonly ranks = new Map<number, number[]>();

  /** @param most occurrences of each text that stay. */
  constructor(private readonly most: number) {}

  add(hash: number, rank: number): void {
    const known = this.ranks.get(hash) ?? [];
    known.push(rank);
    this.ranks.set(hash, known.length > 2 * this.most + 64 ? this.smallest(known) : known);
  }

  /** Whether an occurrence is none of those that stay. Texts that were never added stay. */
  isBeyond(hash: number, rank: number): boolean {
    const known = this.ranks.get(hash);
    if (known === undefined) return false;
    if (known.length > this.most) this.ranks.set(hash, this.smallest(known));
    return rank > (this.ranks.get(hash)?.at(-1) ?? 0);
  }

  private smallest(ranks: readonly number[]): number[] {
    return [...ranks].sort((one, other) => one - other).slice(0, this.most);
  }
}
