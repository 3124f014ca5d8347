// Applies the rules that look at the whole corpus, one after the other. Each sees all dialogues that the one before left.

import type { Dialogue } from '../corpus/dialogue.js';
import type { PreparedDialogue } from '../corpus/prepared/prepared-dialogue.js';
import type { ValuesOf } from '../option-spec.js';
import { clean } from './clean-source.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import type { CorpusRule, Survey } from './rule.js';
import { chosenRules, corpusRules, type RuleValues } from './rules.js';

/** @returns what is left; `dialogues` is released if that is another store. */
export async function surveyCorpus(
  dialogues: PreparedStore,
  values: RuleValues,
  ledger: Ledger,
): Promise<PreparedStore> {
  let left = dialogues;
  for (const rule of chosenRules(corpusRules, values)) {
    const survey = await startSurvey(rule, values);
    if (survey === null) continue;
    const before = left;
    for (const { dialogue } of before) survey.see(dialogue);
    if (survey.seeAgain) for (const { dialogue } of before) survey.seeAgain(dialogue);
    const after = new PreparedStore();
    const cleaning = {
      rules: [{ name: rule.name, judge: (dialogue: Dialogue) => survey.judge(dialogue) }],
      ledger,
      keep: (one: PreparedDialogue) => after.push(one),
    };
    for (const one of before) clean(one, cleaning);
    before.release();
    left = after;
  }
  return left;
}

// The values were checked against the tables of the rules, but the compiler cannot see that.
function startSurvey(rule: CorpusRule, values: RuleValues): Survey | null | Promise<Survey | null> {
  return rule.start(values as ValuesOf<typeof rule.options>);
}
