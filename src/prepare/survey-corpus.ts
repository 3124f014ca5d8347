// Applies the rules that look at the whole corpus, one after the other. Each sees all dialogues that the one before left.

import type { Dialogue } from '../corpus/dialogue.js';
import { GrowingIntegers } from '../corpus/growing-numbers.js';
import { allIndices } from '../corpus/indices.js';
import type { PreparedDialogue } from '../corpus/prepared/prepared-dialogue.js';
import type { ValuesOf } from '../option-spec.js';
import type { StartedRule } from './apply-rules.js';
import { clean } from './clean-source.js';
import type { Ledger } from './ledger.js';
import { PreparedStore } from './prepared-store.js';
import type { CorpusRule, Survey } from './rule.js';
import { chosenRules, corpusRules, type RuleValues } from './rules.js';
import { type EnterStage, silently, type Tick } from './stages.js';

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
  enter: EnterStage = silently,
): Promise<Surveyed> {
  let surveyed: Surveyed = {
    left: dialogues,
    origins: allIndices(dialogues.length),
  };
  for (const rule of chosenRules(corpusRules, values)) {
    const survey = await startSurvey(rule, values);
    if (survey === null) continue;
    const { left } = surveyed;
    const tick = enter('rule', left.length, survey.seeAgain ? 3 : 2, rule.name);
    let done = 0;
    for (const { dialogue } of left) {
      survey.see(dialogue);
      tick(++done);
    }
    if (survey.seeAgain)
      for (const { dialogue } of left) {
        survey.seeAgain(dialogue);
        tick(++done);
      }
    const judge = (dialogue: Dialogue) => survey.judge(dialogue);
    surveyed = applyToAll(surveyed, { name: rule.name, judge }, ledger, (judged) => tick(done + judged));
  }
  return surveyed;
}

/** @param surveyed is released. @param rule judges each dialogue once, in order. */
export function applyToAll(
  surveyed: Surveyed,
  rule: StartedRule,
  ledger: Ledger,
  tick: Tick = () => {},
): Surveyed {
  const { left: before, origins } = surveyed;
  const left = new PreparedStore();
  const keptAt = new GrowingIntegers();
  let index = 0;
  for (const one of before) {
    const keep = (kept: PreparedDialogue) => {
      keptAt.push(index);
      // Most do not change, and writing them anew takes long.
      if (kept === one) left.appendLines(before.bytes(index));
      else left.push(kept);
    };
    clean(one, { rules: [rule], ledger, keep });
    tick(++index);
  }
  before.release();
  return {
    left,
    origins: Int32Array.from({ length: keptAt.length }, (_, kept) => origins[keptAt.at(kept)] ?? 0),
  };
}

// The values were checked against the tables of the rules, but the compiler cannot see that.
function startSurvey(rule: CorpusRule, values: RuleValues): Survey | null | Promise<Survey | null> {
  return rule.start(values as ValuesOf<typeof rule.options>);
}
