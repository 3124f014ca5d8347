// What happened to the dialogues: counts by rule, samples for the report, and the dropped dialogues.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../corpus/dialogue.js';
import { Spool } from '../files/spool.js';

export interface RuleCounts {
  changed: number;
  /** By reason. */
  readonly dropped: Map<string, number>;
}

/** A dialogue before and after a rule; `after` is empty if the rule dropped it. */
export interface Sample {
  readonly id: string;
  readonly before: readonly string[];
  readonly after: readonly (readonly string[])[];
}

/** A sample as dialogues. */
export interface Shown {
  readonly before: Dialogue;
  readonly after: readonly Dialogue[];
}

/** Samples of each rule in the report. */
const samplesPerRule = 20;

export class Ledger {
  readonly counts = new Map<string, RuleCounts>();
  /** How many values were redacted, by entity. */
  readonly redactions = new Map<string, number>();
  /** Lines of rejected.jsonl. */
  readonly rejected = new Spool();
  private readonly samples = new Map<string, { readonly rank: string; readonly sample: Sample }[]>();

  /** @param id of the dialogue, for `explain`. */
  redacted(entity: string, count: number, _id: string): void {
    this.redactions.set(entity, (this.redactions.get(entity) ?? 0) + count);
  }

  changed(rule: string): void {
    this.of(rule).changed++;
  }

  /** Counts a dialogue that is dropped without a trace of it. */
  leftOut(rule: string, reason: string): void {
    const { dropped } = this.of(rule);
    dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
  }

  /** @param line of rejected.jsonl, without the line feed. */
  dropped(rule: string, reason: string, line: string): void {
    this.leftOut(rule, reason);
    this.rejected.append(Buffer.from(`${line}\n`));
  }

  /**
   * Keeps the samples with the smallest hashes, so that they do not depend on the order of work.
   * @param show is only called for what is kept.
   */
  sample(rule: string, id: string, show: () => Shown): void {
    const rank = createHash('sha256').update(`${rule}\n${id}`).digest('hex');
    const kept = this.samples.get(rule) ?? [];
    if (kept.length >= samplesPerRule && rank >= (kept.at(-1)?.rank ?? '')) return;
    const { before, after } = show();
    kept.push({ rank, sample: { id, before: textsOf(before), after: after.map(textsOf) } });
    kept.sort((one, other) => (one.rank < other.rank ? -1 : 1));
    this.samples.set(rule, kept.slice(0, samplesPerRule));
  }

  samplesOf(rule: string): readonly Sample[] {
    return (this.samples.get(rule) ?? []).map(({ sample }) => sample);
  }

  private of(rule: string): RuleCounts {
    const known = this.counts.get(rule);
    if (known) return known;
    const counts = { changed: 0, dropped: new Map<string, number>() };
    this.counts.set(rule, counts);
    return counts;
  }
}

function textsOf({ turns }: Dialogue): readonly string[] {
  return turns.map(({ text }) => text);
}
