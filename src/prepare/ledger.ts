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
  /** Which turns of the only dialogue after it are no longer learned. Absent if there are none. */
  readonly unlearned?: readonly number[];
}

/** A sample as dialogues. */
export interface Shown {
  readonly before: Dialogue;
  readonly after: readonly Dialogue[];
}

/** Samples of each rule in the report. */
const samplesPerRule = 20;

/** A sample with the hash that decides whether it stays. */
interface Ranked {
  readonly rank: string;
  readonly sample: Sample;
}

/** Everything in a ledger but the rejected lines, as plain data. The order is that in which it was noted. */
export interface LedgerEntries {
  readonly rules: readonly {
    readonly rule: string;
    readonly changed: number;
    readonly dropped: readonly (readonly [reason: string, count: number])[];
  }[];
  readonly redactions: readonly (readonly [entity: string, count: number])[];
  readonly samples: readonly (readonly [rule: string, samples: readonly Ranked[]])[];
}

export class Ledger {
  readonly counts = new Map<string, RuleCounts>();
  /** How many values were redacted, by entity. */
  readonly redactions = new Map<string, number>();
  private readonly samples = new Map<string, Ranked[]>();

  /** @param rejected holds the lines of rejected.jsonl. */
  constructor(readonly rejected = new Spool()) {}

  /** @param id of the dialogue, for `explain`. */
  redacted(entity: string, count: number, _id: string): void {
    add(this.redactions, entity, count);
  }

  changed(rule: string): void {
    this.of(rule).changed++;
  }

  /** Counts a dialogue that is dropped without a trace of it. */
  leftOut(rule: string, reason: string): void {
    add(this.of(rule).dropped, reason, 1);
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
    if (!this.wants(rule, rank)) return;
    const shown = show();
    const unlearned = unlearnedTurns(shown);
    this.keepSample(rule, {
      rank,
      sample: {
        id,
        before: textsOf(shown.before),
        after: shown.after.map(textsOf),
        ...(unlearned.length > 0 && { unlearned }),
      },
    });
  }

  entries(): LedgerEntries {
    return {
      rules: [...this.counts].map(([rule, { changed, dropped }]) => ({
        rule,
        changed,
        dropped: [...dropped],
      })),
      redactions: [...this.redactions],
      samples: [...this.samples],
    };
  }

  /** Adds what another ledger noted later. @param rejected its lines of rejected.jsonl. */
  add({ rules, redactions, samples }: LedgerEntries, rejected: Uint8Array): void {
    for (const { rule, changed, dropped } of rules) {
      const counts = this.of(rule);
      counts.changed += changed;
      for (const [reason, count] of dropped) add(counts.dropped, reason, count);
    }
    for (const [entity, count] of redactions) add(this.redactions, entity, count);
    for (const [rule, ranked] of samples)
      for (const one of ranked) if (this.wants(rule, one.rank)) this.keepSample(rule, one);
    this.rejected.append(rejected);
  }

  samplesOf(rule: string): readonly Sample[] {
    return (this.samples.get(rule) ?? []).map(({ sample }) => sample);
  }

  private wants(rule: string, rank: string): boolean {
    const kept = this.samples.get(rule) ?? [];
    return kept.length < samplesPerRule || rank < (kept.at(-1)?.rank ?? '');
  }

  private keepSample(rule: string, one: Ranked): void {
    const kept = [...(this.samples.get(rule) ?? []), one];
    kept.sort((first, second) => (first.rank < second.rank ? -1 : first.rank === second.rank ? 0 : 1));
    this.samples.set(rule, kept.slice(0, samplesPerRule));
  }

  private of(rule: string): RuleCounts {
    const known = this.counts.get(rule);
    if (known) return known;
    const counts = { changed: 0, dropped: new Map<string, number>() };
    this.counts.set(rule, counts);
    return counts;
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function textsOf({ turns }: Dialogue): readonly string[] {
  return turns.map(({ text }) => text);
}

function unlearnedTurns({ before, after: [after, ...more] }: Shown): readonly number[] {
  if (after === undefined || more.length > 0 || after.turns.length !== before.turns.length) return [];
  return after.turns.flatMap(({ supervised }, index) =>
    !supervised && before.turns[index]?.supervised === true ? [index] : [],
  );
}
