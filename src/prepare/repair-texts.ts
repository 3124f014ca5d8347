// Repairs the texts of a dialogue before anything else looks at them, so that broken or unusual characters hide nothing from
// redaction and rules. It keeps every turn.

import type { Dialogue } from '../corpus/dialogue.js';
import { tidyText } from '../corpus/tidy-text.js';
import type { ValuesOf } from '../option-spec.js';
import type { Repair, TextRepair } from './rule.js';
import { chosenRules, type RuleValues, textRepairs } from './rules.js';

/** A repair that is ready. */
export interface StartedRepair {
  readonly name: string;
  readonly repair: Repair;
}

/** What one repair changed. */
export interface RepairStep {
  readonly rule: string;
  readonly before: Dialogue;
  readonly after: Dialogue;
}

export async function startRepairs(values: RuleValues): Promise<StartedRepair[]> {
  const started: StartedRepair[] = [];
  for (const rule of chosenRules(textRepairs, values))
    started.push({ name: rule.name, repair: await start(rule, values) });
  return started;
}

// The values were checked against the tables of the rules, but the compiler cannot see that.
function start(rule: TextRepair, values: RuleValues): Repair | Promise<Repair> {
  return rule.start(values as ValuesOf<typeof rule.options>);
}

export function repairText(repairs: readonly StartedRepair[], text: string): string {
  return repairs.reduce((before, { repair }) => applied(repair, before), text);
}

/** @returns what each repair changed, in order. The last one holds the result; there is none if nothing changed. */
export function repairDialogue(repairs: readonly StartedRepair[], dialogue: Dialogue): readonly RepairStep[] {
  const steps: RepairStep[] = [];
  let before = dialogue;
  for (const { name, repair } of repairs) {
    const after = repairedTexts(before, repair);
    if (after !== before) steps.push({ rule: name, before, after });
    before = after;
  }
  return steps;
}

/** The dialogue itself if nothing changes. */
function repairedTexts(dialogue: Dialogue, repair: Repair): Dialogue {
  let isChanged = false;
  const change = (text: string) => {
    const after = applied(repair, text);
    isChanged ||= after !== text;
    return after;
  };
  const turns = dialogue.turns.map((turn) => ({ ...turn, text: change(turn.text) }));
  const persona = dialogue.persona?.map(change);
  return isChanged ? { ...dialogue, turns, ...(persona && { persona }) } : dialogue;
}

/** A text that would become empty stays: the rule empty-turns leaves it out, and the report says so. */
function applied(repair: Repair, text: string): string {
  return tidyText(repair(text)) || text;
}
