// What is counted while a file is read, for the sentences that tell of it.

/** What was done to turns, one by one. */
export type Remark =
  | 'emptyTurn'
  | 'joinedTurn'
  | 'bad'
  | 'rerated'
  | 'weightless'
  | 'otherWeight'
  | 'preference'
  | 'toolCall'
  | 'header';

export interface Skipped {
  readonly reason: string;
  readonly count: number;
  /** Where the first one is. */
  readonly line: number;
}

/** Names and reasons come out of the file: a hostile one may have any number. */
const mostNames = 1000;

export class Tally {
  readonly remarks = new Map<Remark, number>();
  private readonly reasons = new Map<string, { count: number; line: number }>();
  private readonly unusedNames = new Set<string>();

  /** @param times negative: what was counted before turned out not to hold. */
  count(remark: Remark, times = 1): void {
    this.remarks.set(remark, (this.remarks.get(remark) ?? 0) + times);
  }

  counted(remark: Remark): number {
    return this.remarks.get(remark) ?? 0;
  }

  skip(reason: string, line: number): void {
    const known = this.reasons.get(reason);
    if (known) known.count++;
    else if (this.reasons.size < mostNames) this.reasons.set(reason, { count: 1, line });
  }

  /** A field that holds something and is not read. */
  unused(field: string): void {
    if (this.unusedNames.size < mostNames) this.unusedNames.add(field);
  }

  get skipped(): readonly Skipped[] {
    return [...this.reasons].map(([reason, { count, line }]) => ({ reason, count, line }));
  }

  get unusedFields(): readonly string[] {
    return [...this.unusedNames];
  }
}
