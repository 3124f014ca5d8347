// A ledger that remembers everything that happens to one dialogue, and nothing of others.

import { wholeId } from '../../corpus/prepared/prepared-dialogue.js';
import { Ledger, type Shown } from '../ledger.js';

/** What a rule did to the dialogue, or to a part of it; nothing is left after a rule that drops. */
export interface Step extends Shown {
  readonly rule: string;
}

export class TracingLedger extends Ledger {
  readonly steps: Step[] = [];

  /** @param id of the dialogue before it was cut into parts. */
  constructor(private readonly id: string) {
    super();
  }

  override redacted(entity: string, count: number, id: string): void {
    if (wholeId(id) === this.id) super.redacted(entity, count, id);
  }

  override dropped(rule: string, reason: string): void {
    this.leftOut(rule, reason);
  }

  override sample(rule: string, id: string, show: () => Shown): void {
    if (wholeId(id) === this.id) this.steps.push({ rule, ...show() });
  }
}
