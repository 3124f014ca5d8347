// Prepares one source: reads it, applies the dialogue rules, and passes on what is left. It sees nothing of other sources, so
// what it makes can be kept until the source changes.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../corpus/dialogue.js';
import type { PreparedDialogue } from '../corpus/prepared/prepared-dialogue.js';
import type { LearnedReading } from '../corpus/read-learned.js';
import { applyRules, type StartedRule } from './apply-rules.js';
import { rejectedLine } from './drop.js';
import { type Forgotten, forgetName } from './forget/forgotten.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import type { NameBook } from './sensitive/names.js';
import { type Redaction, redactName } from './sensitive/redaction.js';

export interface Cleaning {
  readonly rules: readonly StartedRule[];
  readonly ledger: Ledger;
  /** Undefined if personal data stays. */
  readonly redaction: Redaction | undefined;
  /** Undefined if nobody was forgotten. */
  readonly forgotten?: Forgotten | undefined;
  keep(dialogue: PreparedDialogue): void;
}

/** @returns what people should know about the source. @throws UserError (data) if it cannot be read. */
export function cleanSource(path: string, reading: LearnedReading, cleaning: Cleaning): readonly string[] {
  const { redaction } = cleaning;
  const remembered = (take: (dialogue: Dialogue) => void) => (dialogue: Dialogue) => {
    if (!isForgotten(dialogue, cleaning)) take(dialogue);
  };
  if (!redaction)
    return reading.read(
      [path],
      remembered((dialogue) => clean(asRead(dialogue), cleaning)),
    ).notes;
  const names = redaction.newNames();
  if (!redaction.needsNames)
    return reading.read(
      [path],
      remembered((dialogue) => redactAndClean(dialogue, redaction, names, cleaning)),
    ).notes;
  // All speakers must be known before the first text is redacted.
  const read = new PreparedStore();
  const { notes } = reading.read([path], (dialogue) => {
    // Others still mention who is forgotten.
    for (const { speaker } of dialogue.turns) if (speaker !== undefined) names.add(speaker);
    if (!isForgotten(dialogue, cleaning)) read.push({ id: '', dialogue, changedBy: [] });
  });
  for (const { dialogue } of read) redactAndClean(dialogue, redaction, names, cleaning);
  read.release();
  return notes;
}

function isForgotten(dialogue: Dialogue, { forgotten, ledger }: Cleaning): boolean {
  const isIn = forgotten?.takesPartIn(dialogue) === true;
  if (isIn) ledger.leftOut(forgetName, 'somebody who takes part was forgotten');
  return isIn;
}

/** Redaction comes first, so that neither rules nor samples nor rejected.jsonl see personal data. */
function redactAndClean(dialogue: Dialogue, redaction: Redaction, names: NameBook, cleaning: Cleaning): void {
  const { ledger } = cleaning;
  const redacted = redaction.redacted(dialogue, names);
  const id = idOf(redacted.dialogue);
  const found = [...redacted.counts];
  for (const [entity, count] of found) ledger.redacted(entity, count, id);
  const changedBy = found.length > 0 ? [redactName] : [];
  if (!redaction.drops || found.length === 0) {
    for (const rule of changedBy) ledger.changed(rule);
    clean({ ...asRead(redacted.dialogue), changedBy }, cleaning, redacted.again);
    return;
  }
  const reason = `holds personal data: ${found[0]?.[0]}`;
  const rejected = { id, dialogue: redacted.dialogue, changedBy };
  ledger.dropped(redactName, reason, rejectedLine(rejected, { rule: redactName, reason }));
}

// The id must not tell what was redacted, so it is that of the redacted dialogue.
function asRead(dialogue: Dialogue): PreparedDialogue {
  return { id: idOf(dialogue), dialogue, changedBy: [] };
}

const unchanged = (dialogue: Dialogue) => dialogue;

/**
 * Applies the rules to one dialogue, and keeps or rejects what is left of it.
 * @param conceal redacts a dialogue that rules changed.
 */
export function clean(
  one: PreparedDialogue,
  { rules, ledger, keep }: Pick<Cleaning, 'rules' | 'ledger' | 'keep'>,
  conceal: (changed: Dialogue) => Dialogue = unchanged,
): void {
  const { id, dialogue } = one;
  const outcome = applyRules(rules, dialogue, (rule, from, to) =>
    ledger.sample(rule, id, conceal(from), to.map(conceal)),
  );
  for (const rule of outcome.changedBy) ledger.changed(rule);
  const changedBy = [...one.changedBy, ...outcome.changedBy];
  if (outcome.kind === 'dropped') {
    const { rule, reason } = outcome;
    ledger.dropped(rule, reason, rejectedLine({ ...one, changedBy }, { rule, reason }));
    return;
  }
  const { dialogues } = outcome;
  for (const [part, left] of dialogues.entries())
    keep({
      ...one,
      id: dialogues.length === 1 ? id : `${id}-${part + 1}`,
      dialogue: outcome.changedBy.length > 0 ? conceal(left) : left,
      changedBy,
    });
}

/** Two dialogues with one id have the same source and texts, so one of them is dropped as a duplicate. */
function idOf({ source, turns }: Dialogue): string {
  const hash = createHash('sha256').update(JSON.stringify([source, turns.map(({ text }) => text)]));
  return hash.digest('hex').slice(0, 16);
}
