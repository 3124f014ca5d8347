// Explains what became of one dialogue of a prepared corpus and why: where it is, each rule that touched it with its texts before
// and after, what it repeats, and what was made from it. The corpus does not keep the texts between two rules, so the source is
// read and cleaned again, unless it has changed since. What was redacted stays redacted.

import { isDeepStrictEqual } from 'node:util';
import type { Dialogue } from '../../corpus/dialogue.js';
import { type PreparedDialogue, parsePrepared, wholeId } from '../../corpus/prepared/prepared-dialogue.js';
import { LearnedReading } from '../../corpus/read-learned.js';
import { UserError } from '../../errors.js';
import { quoted } from '../../quote.js';
import { startRules } from '../apply-rules.js';
import { dialogueOf, namesOf, readSource, takeDialogue } from '../clean-source.js';
import type { Manifest } from '../manifest.js';
import type { NamedFile } from '../named-files.js';
import type { PrepareOptions } from '../prepare-options.js';
import type { PreparedCorpus } from '../prepared-corpus.js';
import { startRepairs } from '../repair-texts.js';
import type { RuleValues } from '../rules.js';
import { Redaction } from '../sensitive/redaction.js';
import { recordIfReadable, type SourceRecord, sourceRecord } from '../source-files.js';
import { type FoundDialogue, findDialogue } from './find-dialogue.js';
import { namedAgain } from './named-again.js';
import { type Step, TracingLedger } from './tracing-ledger.js';

export interface Explanation extends FoundDialogue {
  /** File and line. */
  readonly source: string;
  readonly history: History;
}

/** What happened to the dialogue before the corpus was written. */
export type History =
  | {
      readonly kind: 'known';
      readonly steps: readonly Step[];
      /** How many values were redacted, by kind. */
      readonly redactions: ReadonlyMap<string, number>;
    }
  /** In words that follow "what rules did is not known, because". */
  | {
      readonly kind: 'unknown';
      readonly why: string;
      /** What is known all the same: how an augmenter made the dialogue. */
      readonly made?: Step;
    };

/**
 * @param prefix of the id.
 * @param options those that the corpus was prepared with. @param values likewise, of rules.
 * @throws UserError (usage) unless the corpus has one dialogue with such an id.
 */
export async function explain(
  corpus: PreparedCorpus,
  prefix: string,
  options: PrepareOptions,
  values: RuleValues,
): Promise<Explanation> {
  const record = findDialogue(corpus, prefix);
  const one = firstOf(record);
  const { source } = one.dialogue;
  const { augmented } = one;
  const history = await (augmented
    ? historyOfMade(corpus, record, { ...one, augmented }, options, values)
    : historyOf(corpus, record, source, options, values));
  return { ...record, source, history };
}

/** The way of the original, and then what the augmenter made of it. No rule touches what augmenters make. */
async function historyOfMade(
  corpus: PreparedCorpus,
  { related }: FoundDialogue,
  { dialogue, augmented }: PreparedDialogue & Required<Pick<PreparedDialogue, 'augmented'>>,
  options: PrepareOptions,
  values: RuleValues,
): Promise<History> {
  const { by, from } = augmented;
  const original = related.get(from)?.one;
  const nothing = { ...dialogue, turns: [] };
  const step: Step = { rule: by, before: original?.dialogue ?? nothing, after: [dialogue] };
  if (original === undefined)
    return isDialogueId(from)
      ? { kind: 'unknown', why: `${by} made it from ${from}, which is not in this corpus` }
      : { kind: 'known', steps: [step], redactions: new Map() };
  const way = findDialogue(corpus, wholeId(original.id));
  const before = await historyOf(corpus, way, original.dialogue.source, options, values);
  return before.kind === 'known' ? { ...before, steps: [...before.steps, step] } : { ...before, made: step };
}

/** Otherwise it is a place, such as the line of a template. */
function isDialogueId(from: string): boolean {
  return /^[\da-f]{16}(?:-\d+)*$/.test(from);
}

function firstOf({ parts }: FoundDialogue): PreparedDialogue {
  const [first] = parts;
  if (first === undefined) throw new Error('a record without dialogues');
  return first.one;
}

async function historyOf(
  corpus: PreparedCorpus,
  record: FoundDialogue,
  place: string,
  options: PrepareOptions,
  values: RuleValues,
): Promise<History> {
  const source = sourceOf(corpus.manifest.sources, place);
  if (source === undefined)
    return { kind: 'unknown', why: `${place} is in no source that the manifest names` };
  try {
    const changed = changeOf(source, options.format);
    if (changed !== undefined) return { kind: 'unknown', why: changed };
    const other = changedFile(corpus.manifest);
    if (other !== undefined)
      return { kind: 'unknown', why: `${quoted(other)} has changed since the corpus was prepared` };
    return await cleanedAgain(source.path, place, record, options, values);
  } catch (thrown) {
    // A file that the settings name can be gone.
    if (thrown instanceof UserError) return { kind: 'unknown', why: thrown.sentence };
    throw thrown;
  }
}

/** The longest path that the place begins with, because a file can be named besides its folder. */
function sourceOf(sources: readonly SourceRecord[], place: string): SourceRecord | undefined {
  return sources
    .filter(({ path, readWith = [] }) =>
      [path, ...readWith.map((file) => file.path)].some((named) =>
        [':', '/', '\\'].some((next) => place.startsWith(named.replace(/[/\\]{1,20}$/, '') + next)),
      ),
    )
    .sort((one, other) => other.path.length - one.path.length)[0];
}

function changeOf(source: SourceRecord, format: string): string | undefined {
  const { path, changedWhileRead } = source;
  if (changedWhileRead) return `${quoted(path)} changed while the corpus was prepared`;
  return isDeepStrictEqual(sourceRecord(path, format), source)
    ? undefined
    : `${quoted(path)} has changed since the corpus was prepared`;
}

/** One of the other files that rules read. What must not be learned is compared with all sources later. */
function changedFile({ files = [] }: Manifest): string | undefined {
  const isSame = ({ path, sha256 }: NamedFile) => recordIfReadable(path).some((now) => now.sha256 === sha256);
  return files.find((file) => file.option !== 'neverTrain' && !isSame(file))?.path;
}

/** Reads a source again and cleans the dialogues at one place of it. */
async function cleanedAgain(
  path: string,
  place: string,
  { id, parts }: FoundDialogue,
  options: PrepareOptions,
  values: RuleValues,
): Promise<History> {
  const redaction = await Redaction.start(options);
  const named = redaction?.needsNames === true ? namedAgain(path, options, redaction) : options;
  const ledger = new TracingLedger(id);
  const kept: PreparedDialogue[] = [];
  const cleaning = { repairs: await startRepairs(values), rules: await startRules(values), redaction };
  const keep = (line: string) => {
    const one = parsePrepared(line, path);
    if (wholeId(one.id) === id) kept.push(one);
  };
  let names: ReturnType<typeof namesOf>;
  readSource(path, new LearnedReading(named), redaction?.needsNames === true, {
    begin: (speakers) => {
      names = namesOf(speakers, cleaning);
    },
    take: (line) => {
      const dialogue = dialogueOf(line);
      if (dialogue.source === place) takeDialogue(dialogue, names, cleaning, { ledger, keep });
    },
  });
  if (kept.length === 0 && ledger.steps.length === 0 && ledger.counts.get('redact') === undefined)
    return {
      kind: 'unknown',
      why: `${quoted(path)} no longer gives a dialogue with this id: a file that the settings name has changed, or the program`,
    };
  const shown = (dialogue: Dialogue) => redaction?.withPseudonyms(dialogue) ?? dialogue;
  const before = ledger.steps.map(({ rule, ...step }) => ({
    rule,
    before: shown(step.before),
    after: step.after.map(shown),
  }));
  const steps = [...before, ...parts.flatMap(({ one }) => laterStep(one, kept))];
  return { kind: 'known', steps, redactions: ledger.redactions };
}

/** Rules that look at the whole corpus cannot be repeated on one dialogue, but what they left is in the corpus. */
function laterStep(now: PreparedDialogue, kept: readonly PreparedDialogue[]): readonly Step[] {
  const before = kept.find(({ id }) => now.id === id || now.id.startsWith(`${id}-`));
  const rules = now.changedBy.slice(before?.changedBy.length ?? now.changedBy.length);
  if (before === undefined || rules.length === 0) return [];
  return [{ rule: [...new Set(rules)].join(', '), before: before.dialogue, after: [now.dialogue] }];
}
