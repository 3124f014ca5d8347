// Lets rules judge one dialogue after the other. A dialogue goes through all rules until one drops it. If a rule leaves out a
// turn, the dialogue is cut there and can become several.

import { conversationParts } from '../corpus/conversation-parts.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { Tally } from '../corpus/tally.js';
import type { ValuesOf } from '../option-spec.js';
import type { DialogueRule, Judge } from './rule.js';
import { chosenRules, dialogueRules, type RuleValues } from './rules.js';

/** A rule that is ready to judge. */
export interface StartedRule {
  readonly name: string;
  readonly judge: Judge;
}

export type Outcome =
  | { readonly kind: 'kept'; readonly dialogues: readonly Dialogue[]; readonly changedBy: readonly string[] }
  | {
      readonly kind: 'dropped';
      readonly rule: string;
      readonly reason: string;
      readonly changedBy: readonly string[];
    };

/** Told of each change, for samples and `explain`. */
export type Witness = (rule: string, before: Dialogue, after: readonly Dialogue[]) => void;

export async function startRules(values: RuleValues): Promise<StartedRule[]> {
  const started: StartedRule[] = [];
  for (const rule of chosenRules(dialogueRules, values))
    started.push({ name: rule.name, judge: await start(rule, values) });
  return started;
}

// The values were checked against the tables of the rules, but the compiler cannot see that.
function start(rule: DialogueRule, values: RuleValues): Judge | Promise<Judge> {
  return rule.start(values as ValuesOf<typeof rule.options>);
}

/** What the rules make of a dialogue. @param see is told of each change. */
export function applyRules(rules: readonly StartedRule[], dialogue: Dialogue, see: Witness): Outcome {
  let dialogues: readonly Dialogue[] = [dialogue];
  const changedBy: string[] = [];
  for (const { name, judge } of rules) {
    const after: Dialogue[] = [];
    let reason: string | undefined;
    for (const before of dialogues) {
      const verdict = judge(before);
      if (verdict.kind === 'drop') reason = verdict.reason;
      const left =
        verdict.kind === 'keep'
          ? [before]
          : verdict.kind === 'drop'
            ? []
            : conversationParts(verdict.turns, before.source, new Tally(), before);
      if (verdict.kind !== 'keep') see(name, before, left);
      if (verdict.kind === 'change' && changedBy.at(-1) !== name) changedBy.push(name);
      after.push(...left);
    }
    if (after.length === 0)
      return { kind: 'dropped', rule: name, reason: reason ?? 'fewer than two turns are left', changedBy };
    dialogues = after;
  }
  return { kind: 'kept', dialogues, changedBy };
}
