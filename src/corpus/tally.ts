// Counts what happens while a file is read: skipped records, changed turns, unused fields. summary.ts turns the counts
// into sentences.

/** Something that the readers did to a turn or found in it. */
export type Remark =
  | 'emptyTurn'
  | 'joinedTurn'
  /** Records that continue the conversation of the record before. */
  | 'joinedSlice'
  | 'bad'
  | 'rerated'
  | 'weightless'
  | 'otherWeight'
  | 'preference'
  | 'separator'
  | 'persona'
  | 'privateNote'
  | 'mailCut'
  | 'otherReply'
  | 'cutShort'
  | 'toolCall'
  | 'header'
  | 'damage'
  | 'loneSurrogate'
  /** A message of a chat that is a picture or other content, and one that nobody answers. */
  | 'contentLeftOut'
  | 'noticeLeftOut'
  /** A line that looks like a message but is part of the one before. */
  | 'pastedLine'
  /** The order of dates is a guess. */
  | 'dayFirst'
  | 'monthFirst';

export interface Skipped {
  readonly reason: string;
  readonly count: number;
  /** Line of the first such record. */
  readonly line: number;
}

/** Names and reasons come from the file, and a hostile file can have any number of them. */
const mostNames = 1000;

export class Tally {
  readonly remarks = new Map<Remark, number>();
  private readonly reasons = new Map<string, { count: number; line: number }>();
  private readonly unusedNames = new Set<string>();
  /** Records, lines and messages that were looked at, and how many of them cannot be read. */
  records = 0;
  bad = 0;
  /** The first one that cannot be read: place and reason. */
  firstBad: string | undefined;

  /** @param times may be negative, to take back an earlier count. */
  count(remark: Remark, times = 1): void {
    if (times !== 0) this.remarks.set(remark, (this.remarks.get(remark) ?? 0) + times);
  }

  counted(remark: Remark): number {
    return this.remarks.get(remark) ?? 0;
  }

  /** Counts a record that cannot be read. @param detail its place, and what is wrong with it. */
  skipBad(reason: string, line: number, detail: string): void {
    this.records++;
    this.bad++;
    this.firstBad ??= detail;
    this.skip(reason, line);
  }

  /** Counts a record that was left out, whether or not it could be read. */
  skip(reason: string, line: number): void {
    const known = this.reasons.get(reason);
    if (known) known.count++;
    else if (this.reasons.size < mostNames) this.reasons.set(reason, { count: 1, line });
  }

  /** Notes a field that has a value but that no reader reads. */
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
