// Prepares one source: reads it, applies the dialogue rules, and passes on what is left. It sees nothing of other sources, so
// what it makes can be kept until the source changes.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../corpus/dialogue.js';
import { type PreparedDialogue, preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import type { LearnedReading } from '../corpus/read-learned.js';
import { applyRules, type StartedRule } from './apply-rules.js';
import type { Ledger } from './ledger.js';

export interface Cleaning {
  readonly rules: readonly StartedRule[];
  readonly ledger: Ledger;
  keep(dialogue: PreparedDialogue): void;
}

/** @returns what people should know about the source. @throws UserError (data) if it cannot be read. */
export function cleanSource(path: string, reading: LearnedReading, cleaning: Cleaning): readonly string[] {
  const keep = (dialogue: Dialogue) => clean({ id: idOf(dialogue), dialogue, changedBy: [] }, cleaning);
  return reading.read([path], keep).notes;
}

/** Applies the rules to one dialogue, and keeps or rejects what is left of it. */
export function clean(one: PreparedDialogue, { rules, ledger, keep }: Cleaning): void {
  const { id, dialogue } = one;
  const outcome = applyRules(rules, dialogue, (rule, before, after) =>
    ledger.sample(rule, id, before, after),
  );
  for (const rule of outcome.changedBy) ledger.changed(rule);
  const changedBy = [...one.changedBy, ...outcome.changedBy];
  if (outcome.kind === 'dropped') {
    const { rule, reason } = outcome;
    ledger.dropped(rule, reason, rejectedLine({ ...one, changedBy }, rule, reason));
    return;
  }
  const { dialogues } = outcome;
  for (const [part, left] of dialogues.entries())
    keep({ ...one, id: dialogues.length === 1 ? id : `${id}-${part + 1}`, dialogue: left, changedBy });
}

export function rejectedLine(dialogue: PreparedDialogue, rule: string, reason: string): string {
  return `${preparedLine(dialogue).slice(0, -1)},"dropped_by":${JSON.stringify(rule)},"reason":${JSON.stringify(reason)}}`;
}

/** Two dialogues with one id have the same source and texts, so one of them is dropped as a duplicate. */
function idOf({ source, turns }: Dialogue): string {
  const hash = createHash('sha256').update(JSON.stringify([source, turns.map(({ text }) => text)]));
  return hash.digest('hex').slice(0, 16);
}
