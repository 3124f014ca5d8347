// Applies the rules that look at the whole corpus, one after the other. Each sees all dialogues that the one before left.

import { GrowingIntegers } from '../corpus/growing-numbers.js';
import type { PreparedDialogue } from '../corpus/prepared/prepared-dialogue.js';
import type { ValuesOf } from '../option-spec.js';
import type { StartedRule } from './apply-rules.js';
import { clean } from './clean-source.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import type { CorpusRule, Survey } from './rule.js';
import { chosenRules, corpusRules, type RuleValues } from './rules.js';

export interface Surveyed {
  readonly left: PreparedStore;
  /** For each dialogue that is left, its index before. */
  readonly origins: Int32Array;
}

/** @param dialogues is released if another store is left. */
export async function surveyCorpus(
  dialogues: PreparedStore,
  values: RuleValues,
  ledger: Ledger,
): Promise<Surveyed> {
  let left = dialogues;
  let origins = Int32Array.from({ length: dialogues.length }, (_, index) => index);
  for (const rule of chosenRules(corpusRules, values)) {
    const survey = await startSurvey(rule, values);
    if (survey === null) continue;
    const before = left;
    for (const { dialogue } of before) survey.see(dialogue);
    if (survey.seeAgain) for (const { dialogue } of before) survey.seeAgain(dialogue);
    const after = new PreparedStore();
    const keptAt = new GrowingIntegers();
    const judge: StartedRule = { name: rule.name, judge: (dialogue) => survey.judge(dialogue) };
    let index = 0;
    const keep = (one: PreparedDialogue) => {
      keptAt.push(index);
      after.push(one);
    };
    for (const one of before) {
      clean(one, { rules: [judge], ledger, keep });
      index++;
    }
    before.release();
    left = after;
    const known = origins;
    origins = Int32Array.from({ length: keptAt.length }, (_, kept) => known[keptAt.at(kept)] ?? 0);
  }
  return { left, origins };
}

// The values were checked against the tables of the rules, but the compiler cannot see that.
function startSurvey(rule: CorpusRule, values: RuleValues): Survey | null | Promise<Survey | null> {
  return rule.start(values as ValuesOf<typeof rule.options>);
}
