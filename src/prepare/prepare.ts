// Makes a corpus worth training on from conversations of any format. This file is the table of contents: each source is read,
// repaired, redacted and cleaned by itself; then come duplicates, the rules that look at the whole corpus, replies that a
// trained model finds suspicious, and the split, and the files are written.

import { readCorpus } from '../corpus/read-corpus.js';
import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { diskSource } from '../corpus/source.js';
import { linesOf, openText } from '../corpus/text-file.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { startRules } from './apply-rules.js';
import { licencesOf } from './card/licences.js';
import { cleanSource } from './clean-source.js';
import { type DivideOptions, divide } from './divide.js';
import { type DuplicateOptions, dropDuplicates, spokenText } from './duplicates/drop-duplicates.js';
import { Forgotten, forgetName } from './forget/forgotten.js';
import { Ledger } from './ledger.js';
import { type Manifest, manifestOf } from './manifest.js';
import { PreparedStore } from './prepared-store.js';
import { repairText, type StartedRepair, startRepairs } from './repair-texts.js';
import type { RuleValues } from './rules.js';
import { Redaction, type RedactOptions } from './sensitive/redaction.js';
import { sourceRecord } from './source-files.js';
import { surveyCorpus } from './survey-corpus.js';
import { type SuspiciousOptions, unlearnSuspicious } from './suspicious/unlearn-suspicious.js';
import { writeCorpus } from './write-corpus.js';

export interface PrepareOptions extends ReadLearnedOptions, RedactOptions, DuplicateOptions, DivideOptions {
  /** Files of texts that must not be learned. */
  readonly neverTrain: readonly string[];
  /** A licence of all sources, or `path=licence` of one. */
  readonly license: readonly string[];
  /** For the data card: who agreed, what the corpus is for. */
  readonly note: string | null;
}

export interface Prepared {
  readonly manifest: Manifest;
  /** What people should know about what was read and left out. */
  readonly notes: readonly string[];
}

/**
 * Prepares the conversations in `paths` and puts the corpus into the folder `out`, whole or not at all.
 * @param values the options of rules, by key. @param suspicious a trained model that ranks the replies.
 * @throws UserError (data) if nothing can be read or nothing is left, (device) if the disk is full.
 */
export async function prepare(
  paths: readonly string[],
  out: string,
  options: PrepareOptions,
  values: RuleValues,
  suspicious?: SuspiciousOptions,
): Promise<Prepared> {
  const sources = paths.map(sourceRecord);
  const origin = { licences: licencesOf(paths, options.license), note: options.note };
  const ledger = new Ledger();
  const reading = new LearnedReading(options);
  const [repairs, rules] = [await startRepairs(values), await startRules(values)];
  refuseUnusedFilter(values);
  const redaction = await Redaction.start(options);
  const forgotten = Forgotten.of(out, options);
  const cleaned = new PreparedStore();
  const notes = paths.flatMap((path) =>
    cleanSource(path, reading, {
      repairs,
      rules,
      ledger,
      redaction,
      forgotten,
      keep: (one) => cleaned.push(one),
    }),
  );
  notes.push(...reading.end());
  const forbidden = options.neverTrain.flatMap(forbiddenTexts);
  const never = forbidden.flatMap((text) => formsOf(text, repairs, redaction));
  const { kept, groups } = dropDuplicates(cleaned, ledger, options, never);
  const surveyed = await surveyCorpus(kept, values, ledger);
  const ranked = suspicious && (await unlearnSuspicious(surveyed, ledger, suspicious));
  const { left, origins } = ranked ?? surveyed;
  if (left.length === 0) throw nothingLeft(ledger);
  const similar = origins.map((index) => groups[index] ?? 0);
  const parts = divide(left, similar, options);
  notes.push(...parts.notes);
  const made = manifestOf({
    sources,
    origin,
    settings: { ...options, ...values, ...redaction?.settings(options) },
    ledger,
    train: parts.train.length,
    evaluation: parts.evaluation.length,
  });
  const manifest = await writeCorpus(out, {
    train: left.lines(parts.train),
    evaluation: left.lines(parts.evaluation),
    ledger,
    manifest: made,
    suspicion: ranked?.suspicion,
  });
  return { manifest, notes };
}

/** The dialogues of a file that must not be learned, or its lines, if it is in no format that holds dialogues. */
function forbiddenTexts(path: string): readonly string[] {
  try {
    return readCorpus([path]).dialogues.map(spokenText);
  } catch (thrown) {
    if (!(thrown instanceof UserError && thrown.code === 'corpus-format-unknown')) throw thrown;
    return [...linesOf(openText(diskSource(path)))].map(({ text }) => text);
  }
}

/** A text as it is, and as it is in a corpus that was repaired and redacted. */
function formsOf(
  text: string,
  repairs: readonly StartedRepair[],
  redaction: Redaction | undefined,
): readonly string[] {
  const repaired = repairText(repairs, text);
  if (!redaction) return [text, repaired];
  const turns = [{ text: repaired, supervised: true }];
  const { dialogue } = redaction.redacted({ turns, source: '' }, redaction.newNames());
  return [text, repaired, ...dialogue.turns.map((turn) => turn.text)];
}

/** Options that say which texts are unsafe, while unsafe dialogues are kept. */
function refuseUnusedFilter({ dropUnsafe, unsafeFilter, unsafeWords }: RuleValues): void {
  const hasWords = Array.isArray(unsafeWords) && unsafeWords.length > 0;
  if (dropUnsafe === true || (typeof unsafeFilter !== 'string' && !hasWords)) return;
  const unused = option(hasWords ? 'unsafeWords' : 'unsafeFilter');
  throw new UserError(
    'options-conflict',
    `${unused} has no effect without ${option('dropUnsafe', true)}; add it`,
  );
}

function nothingLeft({ counts }: Ledger): UserError {
  const dropped = [...counts].map(
    ([rule, { dropped }]) => [rule, [...dropped.values()].reduce((a, b) => a + b, 0)] as const,
  );
  const [most = ['', 0] as const] = dropped.sort((one, other) => other[1] - one[1]);
  if (most[0] === forgetName)
    return new UserError(
      'nothing-to-learn',
      `no dialogue is left without those who were forgotten in this corpus; prepare other conversations, or name another folder with ${option('out')}`,
    );
  return new UserError(
    'nothing-to-learn',
    `no dialogue is left after cleaning: ${most[0]} dropped ${most[1]}; turn the rule off or loosen it`,
  );
}
