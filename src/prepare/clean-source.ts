// Prepares one source: reads it, repairs, redacts and cleans each dialogue, and passes on what is left. It sees nothing of other
// sources, so what it makes can be kept until the source changes. Reading and cleaning are apart, because threads share the
// cleaning; a dialogue goes from one to the other as a line of text.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../corpus/dialogue.js';
import { type PreparedDialogue, parsePrepared, preparedLine } from '../corpus/prepared/prepared-dialogue.js';
import type { LearnedReading } from '../corpus/read-learned.js';
import type { SeeBytes } from '../corpus/source.js';
import { applyRules, type StartedRule } from './apply-rules.js';
import { rejectedLine } from './drop.js';
import { type Forgotten, forgetName } from './forget/forgotten.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import { repairDialogue, repairText, type StartedRepair } from './repair-texts.js';
import type { NameBook } from './sensitive/names.js';
import { type Redaction, redactName } from './sensitive/redaction.js';

/** What a dialogue goes through. */
export interface Cleaning {
  readonly repairs: readonly StartedRepair[];
  readonly rules: readonly StartedRule[];
  /** Undefined if personal data stays. */
  readonly redaction: Redaction | undefined;
  /** Undefined if nobody was forgotten. */
  readonly forgotten?: Forgotten | undefined;
}

/** Where what becomes of it goes. */
export interface Results {
  readonly ledger: Ledger;
  /** @param line of the corpus, without the line feed. */
  keep(line: string): void;
}

/** What takes the dialogues of a source. */
export interface SourceReader {
  /**
   * Called before the first dialogue. @param speakers everybody who speaks in the source, if that was to be known.
   * @param dialogues how many follow, if known.
   */
  begin(speakers: readonly string[], dialogues?: number): void;
  /** @param line of a dialogue as it was read (prepared-dialogue.ts), without an id and a line feed. */
  take(line: string): void;
  /** Told while files are read. */
  readonly seen?: SeeBytes;
  /** Called for each dialogue as soon as it is read, before it is taken. */
  readonly gave?: () => void;
}

/**
 * Reads a source, dialogue by dialogue.
 * @param needsSpeakers whether all speakers must be known before the first dialogue is taken.
 * @throws UserError (data) if it cannot be read.
 */
export function readSource(
  path: string,
  reading: LearnedReading,
  needsSpeakers: boolean,
  { begin, take, seen, gave = () => {} }: SourceReader,
): ReturnType<LearnedReading['read']> {
  if (!needsSpeakers) {
    begin([]);
    const takeNow = (dialogue: Dialogue) => {
      gave();
      take(lineOf(dialogue));
    };
    return reading.read([path], takeNow, seen);
  }
  const speakers = new Set<string>();
  const read = new PreparedStore();
  const spool = (dialogue: Dialogue) => {
    gave();
    for (const { speaker } of dialogue.turns) if (speaker !== undefined) speakers.add(speaker);
    read.appendLines(Buffer.from(`${lineOf(dialogue)}\n`));
  };
  const result = reading.read([path], spool, seen);
  begin([...speakers], read.length);
  for (let index = 0; index < read.length; index++) take(read.line(index));
  read.release();
  return result;
}

function lineOf(dialogue: Dialogue): string {
  return preparedLine({ id: '', ...dialogue.prepared, dialogue, changedBy: [] });
}

/** The dialogue as it was read. */
export function dialogueOf(line: string): Dialogue {
  const { id, augmented, dialogue } = parsePrepared(line, 'a dialogue');
  return id === '' ? dialogue : { ...dialogue, prepared: { id, ...(augmented && { augmented }) } };
}

/** The names that are replaced in a source. @returns undefined if nothing is redacted. */
export function namesOf(speakers: readonly string[], { redaction, repairs }: Cleaning): NameBook | undefined {
  const names = redaction?.newNames();
  for (const speaker of speakers) {
    names?.add(speaker);
    names?.add(repairText(repairs, speaker));
  }
  return names;
}

/** Cleans a dialogue as it was read. @param names of the source. */
export function takeDialogue(
  dialogue: Dialogue,
  names: NameBook | undefined,
  cleaning: Cleaning,
  results: Results,
): void {
  if (cleaning.forgotten?.takesPartIn(dialogue) === true)
    results.ledger.leftOut(forgetName, 'somebody who takes part was forgotten');
  else repairAndClean(dialogue, names, cleaning, results);
}

/**
 * Repairs come first, so that nothing hides personal data. Redaction comes next, so that neither rules nor samples nor
 * rejected.jsonl see any.
 */
function repairAndClean(
  read: Dialogue,
  names: NameBook | undefined,
  { repairs, rules, redaction }: Cleaning,
  { ledger, keep }: Results,
): void {
  const steps = repairDialogue(repairs, read);
  const repaired = steps.at(-1)?.after ?? read;
  const redacted = names && redaction?.redacted(repaired, names);
  const dialogue = redacted?.dialogue ?? repaired;
  const conceal = redacted?.again ?? unchanged;
  // The id must not tell what was redacted, so it is that of the redacted dialogue.
  const known = identity(dialogue, redaction);
  const { id } = known;
  for (const { rule, before, after } of steps) {
    ledger.changed(rule);
    const shown = (stage: Dialogue) => conceal(withoutHidden(stage, repaired, dialogue));
    ledger.sample(rule, id, () => ({ before: shown(before), after: [shown(after)] }));
  }
  const found = [...(redacted?.counts ?? [])];
  for (const [entity, count] of found) ledger.redacted(entity, count, id);
  const changedBy = [...steps.map(({ rule }) => rule), ...(found.length > 0 ? [redactName] : [])];
  if (!redaction?.drops || found.length === 0) {
    if (found.length > 0) ledger.changed(redactName);
    const one = { ...known, dialogue, changedBy };
    clean(one, { rules, ledger, keep: (left) => keep(preparedLine(left)) }, conceal);
    return;
  }
  const reason = `holds personal data: ${found[0]?.[0]}`;
  ledger.dropped(
    redactName,
    reason,
    rejectedLine({ ...known, dialogue, changedBy }, { rule: redactName, reason }),
  );
}

/** A dialogue before its repair can hide what was redacted, so turns with redacted values are shown redacted. */
function withoutHidden(stage: Dialogue, repaired: Dialogue, redacted: Dialogue): Dialogue {
  const turns = stage.turns.map((turn, index) => {
    const shown = redacted.turns[index];
    return shown && shown.text !== repaired.turns[index]?.text ? shown : turn;
  });
  return { ...stage, turns };
}

const unchanged = (dialogue: Dialogue) => dialogue;

interface Applied {
  readonly rules: readonly StartedRule[];
  readonly ledger: Ledger;
  /** Given the same object if nothing changed. */
  keep(dialogue: PreparedDialogue): void;
}

/**
 * Applies the rules to one dialogue, and keeps or rejects what is left of it.
 * @param conceal redacts a dialogue that rules changed.
 */
export function clean(
  one: PreparedDialogue,
  { rules, ledger, keep }: Applied,
  conceal: (changed: Dialogue) => Dialogue = unchanged,
): void {
  const { id, dialogue } = one;
  const outcome = applyRules(rules, dialogue, (rule, from, to) =>
    ledger.sample(rule, id, () => ({ before: conceal(from), after: to.map(conceal) })),
  );
  for (const rule of outcome.changedBy) ledger.changed(rule);
  const changedBy = [...one.changedBy, ...outcome.changedBy];
  if (outcome.kind === 'dropped') {
    const { rule, reason } = outcome;
    ledger.dropped(rule, reason, rejectedLine({ ...one, changedBy }, { rule, reason }));
    return;
  }
  const { dialogues } = outcome;
  if (outcome.changedBy.length === 0) {
    keep(one);
    return;
  }
  for (const [part, left] of dialogues.entries())
    keep({
      ...one,
      id: dialogues.length === 1 ? id : `${id}-${part + 1}`,
      dialogue: conceal(left),
      changedBy,
    });
}

/** A dialogue of a prepared corpus stays the same one. The ids that it had tell what is redacted now, so they are hashed. */
function identity(
  dialogue: Dialogue,
  redaction: Redaction | undefined,
): Pick<PreparedDialogue, 'id' | 'augmented'> {
  const { prepared } = dialogue;
  if (!prepared) return { id: idOf(dialogue) };
  const shown = (id: string) => (redaction ? redaction.hashedId(id) : id);
  const { id, augmented } = prepared;
  return { id: shown(id), ...(augmented && { augmented: { ...augmented, from: shown(augmented.from) } }) };
}

/** Two dialogues with one id have the same source and texts, so one of them is dropped as a duplicate. */
function idOf({ source, turns }: Dialogue): string {
  const hash = createHash('sha256').update(JSON.stringify([source, turns.map(({ text }) => text)]));
  return hash.digest('hex').slice(0, 16);
}
