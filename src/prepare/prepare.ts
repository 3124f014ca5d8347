// Makes a corpus worth training on from conversations of any format. This file is the table of contents: each source is read,
// repaired, redacted and cleaned by itself, unless that was done before; then come duplicates, the rules that look at the whole
// corpus, replies that a trained model finds suspicious, and the split, and the files are written.

import { readCorpus } from '../corpus/read-corpus.js';
import { diskSource } from '../corpus/source.js';
import { linesOf, openText } from '../corpus/text-file.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import type { NamedTokenizer } from '../weights/open-model.js';
import { type Licence, licencesOf } from './card/licences.js';
import type { Cleaning } from './clean-source.js';
import { type Collected, cleanSources } from './clean-sources.js';
import { Cleaner } from './cleaner.js';
import { CleanerThreads } from './cleaner-threads.js';
import { divide } from './divide.js';
import { dropDuplicates, spokenText } from './duplicates/drop-duplicates.js';
import { forgetName } from './forget/forgotten.js';
import { KeptSources } from './kept-sources.js';
import { Ledger } from './ledger.js';
import { type Manifest, manifestOf } from './manifest.js';
import { type NamedFile, namedFiles } from './named-files.js';
import type { PrepareOptions } from './prepare-options.js';
import { PreparedStore } from './prepared-store.js';
import { repairText } from './repair-texts.js';
import { type RuleValues, ruleOptions } from './rules.js';
import { RecordedSource, type SourceRecord, sourceRecord, withoutRepeats } from './source-files.js';
import { sourceKeys } from './source-key.js';
import type { Watch } from './source-progress.js';
import { type EnterStage, stagesFor, ticked } from './stages.js';
import { surveyCorpus } from './survey-corpus.js';
import type { Suspicion } from './suspicious/suspicion.js';
import { type SuspiciousOptions, unlearnSuspicious } from './suspicious/unlearn-suspicious.js';
import { writeCorpus } from './write-corpus.js';

export interface Prepared {
  readonly manifest: Manifest;
  /** What people should know about what was read and left out. */
  readonly notes: readonly string[];
  /** How many sources were not read, because they have not changed. */
  readonly unchanged: number;
}

/** What decides how a corpus is made, but not what it holds. */
export interface Running {
  /** Whether sources that have not changed are taken from an interrupted run and from the older corpus. */
  readonly reuse: boolean;
  /** The tokenizer of the token shards, if there are to be some. */
  readonly tokenizer?: NamedTokenizer | undefined;
  /** Threads that clean. */
  readonly threads: number;
  /** Told how far it is. */
  readonly watch?: Watch;
}

/**
 * Prepares the conversations in `paths` and puts the corpus into the folder `out`, whole or not at all. If it is interrupted,
 * or a source cannot be read, what is finished stays beside that folder for the next time.
 * @param values the options of rules, by key. @param suspicious a trained model that ranks the replies.
 * @throws UserError (data) if nothing can be read or nothing is left, (device) if the disk is full.
 */
export async function prepare(
  paths: readonly string[],
  out: string,
  options: PrepareOptions,
  values: RuleValues,
  suspicious?: SuspiciousOptions,
  { reuse, threads, watch = () => {}, tokenizer }: Running = { reuse: true, threads: 1 },
): Promise<Prepared> {
  refuseUnusedFilter(values);
  const settings = { options, values, out };
  const cleaner = await Cleaner.start(settings);
  const distinct = withoutRepeats(paths, options.format);
  const recorded = distinct.paths.map((path) => new RecordedSource(path, options.format));
  const files = [
    ...namedFiles(ruleOptions, values),
    // These can be folders, as sources can.
    ...options.neverTrain.map((path) => ({ option: 'neverTrain', ...sourceRecord(path, 'auto') })),
  ];
  const licences = licencesOf(paths, options.license);
  const keys = sourceKeys(
    recorded.map(({ record }) => record),
    out,
    options,
    values,
  );
  const kept = KeptSources.open(out, new Set(keys), reuse);
  const cleaners = new CleanerThreads(cleaner, settings, threads);
  const collected = { store: new PreparedStore(), ledger: new Ledger() };
  let isCleaned = false;
  try {
    const { sources, notes, unchanged, formats } = cleanSources(
      { recorded, keys, kept },
      options,
      cleaners,
      collected,
      watch,
    );
    cleaners.close();
    isCleaned = true;
    const { cleaning } = cleaner;
    const cleaned = { ...collected, sources, files, licences, formats, cleaning, kept, watch };
    const prepared = await finish(out, options, values, cleaned, { suspicious, tokenizer });
    kept.close(false);
    return { ...prepared, notes: [...distinct.notes, ...notes, ...prepared.notes], unchanged };
  } catch (thrown) {
    // Settings that leave nothing are changed before the next time, and the sources are then cleaned in another way.
    const isAboutCorpus = isCleaned && thrown instanceof UserError && thrown.code !== 'cannot-save';
    const isAboutNames = thrown instanceof UserError && thrown.code === 'speaker-unknown';
    kept.close(!isAboutCorpus && !isAboutNames);
    throw thrown;
  } finally {
    cleaners.close();
  }
}

/** What the stages after cleaning need. */
interface Cleaned extends Collected {
  readonly sources: readonly SourceRecord[];
  readonly files: readonly NamedFile[];
  readonly licences: readonly Licence[];
  readonly formats: Readonly<Record<string, number>>;
  readonly cleaning: Cleaning;
  readonly kept: KeptSources;
  readonly watch: Watch;
}

interface Models {
  readonly suspicious: SuspiciousOptions | undefined;
  readonly tokenizer: NamedTokenizer | undefined;
}

/** From clean sources to the corpus. */
async function finish(
  out: string,
  options: PrepareOptions,
  values: RuleValues,
  { store, ledger, sources, files, licences, formats, cleaning, kept, watch }: Cleaned,
  { suspicious, tokenizer }: Models,
): Promise<Omit<Prepared, 'unchanged'>> {
  const enter = stagesFor(watch);
  const forbidden = options.neverTrain.flatMap(forbiddenTexts);
  const never = forbidden.flatMap((text) => formsOf(text, cleaning));
  const settings = { options, values, suspicious };
  const { left, similar, suspicion } = await chosen({ store, ledger }, settings, never, enter);
  const parts = divide(left, similar, options, enter);
  const made = manifestOf({
    sources,
    files,
    origin: { licences, note: options.note, formats },
    settings: { ...options, ...values, ...cleaning.redaction?.settings(options) },
    ledger,
    train: parts.train.length,
    evaluation: parts.evaluation.length,
  });
  const tick = enter('writing', left.length);
  const manifest = await writeCorpus(out, {
    train: ticked(left.lines(parts.train), tick),
    evaluation: ticked(left.lines(parts.evaluation), tick, parts.train.length),
    ledger,
    manifest: made,
    suspicion,
    tokenizer,
    kept,
  });
  return { manifest, notes: parts.notes };
}

interface Chosen {
  readonly left: PreparedStore;
  /** For each dialogue, the number of its group of similar ones. */
  readonly similar: Int32Array;
  readonly suspicion: Suspicion | undefined;
}

interface Choice {
  readonly options: PrepareOptions;
  readonly values: RuleValues;
  readonly suspicious: SuspiciousOptions | undefined;
}

/** What is left without duplicates and what the rules for the whole corpus drop. @param never texts that are never learned. */
async function chosen(
  { store, ledger }: Collected,
  { options, values, suspicious }: Choice,
  never: readonly string[],
  enter: EnterStage,
): Promise<Chosen> {
  const { kept, groups } = dropDuplicates(store, ledger, options, never, enter);
  const surveyed = await surveyCorpus(kept, values, ledger, enter);
  if (suspicious) enter('suspicious', surveyed.left.length);
  const ranked = suspicious && (await unlearnSuspicious(surveyed, ledger, suspicious));
  const { left, origins } = ranked ?? surveyed;
  if (left.length === 0) throw nothingLeft(ledger);
  // In the same memory, because there are millions.
  for (const [index, origin] of origins.entries()) origins[index] = groups[origin] ?? 0;
  return { left, similar: origins, suspicion: ranked?.suspicion };
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
function formsOf(text: string, { repairs, redaction }: Cleaning): readonly string[] {
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
