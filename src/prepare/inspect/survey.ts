// Looks at conversations as `prepare` would see them, and changes nothing: personal data, unsafe words, questions without an
// answer, what each cleaning rule would do, duplicates, and the most frequent replies. Dialogues lie on disk meanwhile.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dialogue } from '../../corpus/dialogue.js';
import { LearnedReading, type ReadLearnedOptions } from '../../corpus/read-learned.js';
import { UserError } from '../../errors.js';
import { startRules } from '../apply-rules.js';
import { dialogueOf, namesOf, readSource, takeDialogue } from '../clean-source.js';
import { dropDuplicates } from '../duplicates/drop-duplicates.js';
import { Ledger } from '../ledger.js';
import { PreparedStore } from '../prepared-store.js';
import { repairDialogue, startRepairs } from '../repair-texts.js';
import type { RuleValues } from '../rules.js';
import type { NameBook } from '../sensitive/names.js';
import { Redaction, type RedactOptions } from '../sensitive/redaction.js';
import { surveyCorpus } from '../survey-corpus.js';
import { entriesIn, ownLists, WordList } from '../unsafe/word-list.js';
import { type CommonReplies, findCommonReplies } from './common-replies.js';
import { type Duplicates, findDuplicates } from './duplicate-groups.js';
import { Findings } from './findings.js';
import { type Mask, noMask, startMask } from './mask.js';

export interface SurveyOptions {
  readonly reading: ReadLearnedOptions;
  /** The options of rules, by key. */
  readonly values: RuleValues;
  /** The least similarity of near-duplicates. */
  readonly nearThreshold: number;
  /** Countries separated by commas. */
  readonly phoneRegions: string;
  /** Whether personal data is shown as it is. */
  readonly showSensitive: boolean;
  /** Told what is looked for now. */
  stage(text: string): void;
}

export interface CorpusSurvey {
  /** Personal data of the kinds that are redacted by default. */
  readonly sensitive: Findings;
  /** Dialogues with a word of a list, by list, and with a word of any. */
  readonly unsafe: Findings;
  readonly unsafeDialogues: number;
  readonly unanswered: Findings;
  /** What `prepare` would do without further options. */
  readonly ledger: Ledger;
  /** Dialogues that it would leave. */
  readonly left: number;
  /** Why it would refuse some of the paths, a sentence each. They were read together with the others, but not by themselves. */
  readonly refused: readonly string[];
  readonly duplicates: Duplicates;
  readonly replies: CommonReplies;
  readonly mask: Mask;
}

/** @throws UserError (data) if nothing can be read. */
export async function surveySources(paths: readonly string[], options: SurveyOptions): Promise<CorpusSurvey> {
  const { values, nearThreshold, phoneRegions, stage } = options;
  const mask = options.showSensitive ? noMask : await startMask(values, phoneRegions);
  stage('looking for personal data, and trying the cleaning rules');
  const ledger = new Ledger();
  const { cleaned, sensitive, unanswered, refused } = await lookAtEach(paths, options, { ledger, mask });
  const { unsafe, unsafeDialogues } = unsafeIn(cleaned);
  stage('looking for duplicates');
  const duplicates = findDuplicates(cleaned, nearThreshold);
  const { kept } = dropDuplicates(cleaned, ledger, { dedupe: 'exact', nearThreshold, evalRatio: 0 });
  const replies = findCommonReplies(kept);
  const { left } = await surveyCorpus(kept, values, ledger);
  const count = left.length;
  left.release();
  return {
    ...{ sensitive, unsafe, unsafeDialogues, unanswered, ledger, left: count },
    ...{ duplicates, replies, mask, refused },
  };
}

/** Looks at the dialogues source by source, because each has its own names, and cleans them. */
async function lookAtEach(
  paths: readonly string[],
  { reading: options, values, phoneRegions, showSensitive }: SurveyOptions,
  { ledger, mask }: Pick<CorpusSurvey, 'ledger' | 'mask'>,
): Promise<Pick<CorpusSurvey, 'sensitive' | 'unanswered' | 'refused'> & { readonly cleaned: PreparedStore }> {
  const reading = new LearnedReading(options);
  const [repairs, rules] = [await startRepairs(values), await startRules(values)];
  const searching = { repairs, rules, redaction: await Redaction.start(personalData(phoneRegions)) };
  const cleaning = { repairs, rules, redaction: undefined };
  const [sensitive, unanswered] = [new Findings(), new Findings()];
  const cleaned = new PreparedStore();
  const keep = (line: string) => cleaned.appendLines(Buffer.from(`${line}\n`));
  const refused: UserError[] = [];
  const look = (path: string) => {
    let names: NameBook | undefined;
    readSource(path, reading, true, {
      begin: (speakers) => {
        names = namesOf(speakers, searching);
        for (const speaker of speakers) mask.addSpeaker(speaker);
      },
      take: (line) => {
        const dialogue = dialogueOf(line);
        const repaired = repairDialogue(repairs, dialogue).at(-1)?.after ?? dialogue;
        const found = names && searching.redaction?.found(repaired, names);
        for (const [index, values] of (found ?? []).entries())
          for (const { entity, value } of values)
            sensitive.add(entity, {
              source: dialogue.source,
              turn: index < dialogue.turns.length ? index + 1 : undefined,
              text: showSensitive ? value : undefined,
            });
        lookForQuestion(dialogue, unanswered);
        takeDialogue(dialogue, undefined, cleaning, { ledger, keep });
      },
    });
  };
  for (const path of paths)
    try {
      look(path);
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      refused.push(thrown);
    }
  const [first] = refused;
  if (first && refused.length === paths.length) throw first;
  return { cleaned, sensitive, unanswered, refused: refused.map(({ sentence }) => sentence) };
}

/** The kinds that are redacted by default. */
function personalData(phoneRegions: string): RedactOptions {
  return { redact: 'pii', redactWith: 'placeholder', phoneRegions, names: null, redactKey: null, seed: 0 };
}

export const unansweredKind = 'unanswered';

/** A dialogue that ends with a question. */
function lookForQuestion({ turns, source }: Dialogue, unanswered: Findings): void {
  const last = turns.at(-1);
  if (last && /[?？][\p{Pe}\p{Pf}\s"']{0,5}$/u.test(last.text))
    unanswered.add(unansweredKind, { source, turn: turns.length, text: last.text });
}

function unsafeIn(dialogues: PreparedStore): Pick<CorpusSurvey, 'unsafe' | 'unsafeDialogues'> {
  const lists = ownLists.map((url) => ({
    name: basename(fileURLToPath(url)),
    list: new WordList(entriesIn(url)),
  }));
  const unsafe = new Findings();
  let unsafeDialogues = 0;
  for (const { dialogue } of dialogues) {
    let isUnsafe = false;
    for (const { name, list } of lists) {
      const index = dialogue.turns.findIndex(({ text }) => list.isIn(text));
      const text = dialogue.turns[index]?.text;
      if (text === undefined) continue;
      unsafe.add(name, { source: dialogue.source, turn: index + 1, text });
      isUnsafe = true;
    }
    if (isUnsafe) unsafeDialogues++;
  }
  return { unsafe, unsafeDialogues };
}
