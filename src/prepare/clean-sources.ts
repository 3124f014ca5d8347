// Cleans all sources, one after the other. A source that is finished already is taken as it is. The results are the same either
// way, and do not depend on how many threads clean.

import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { type CorpusSummary, summaryLines } from '../corpus/summary.js';
import { readSource } from './clean-source.js';
import { addPart } from './cleaned-part.js';
import type { CleanerThreads } from './cleaner-threads.js';
import type { SourceEnd, SourceWriter } from './kept-source.js';
import type { KeptSources } from './kept-sources.js';
import type { Ledger } from './ledger.js';
import type { PreparedStore } from './prepared-store.js';
import { bytesOf, type RecordedSource, type SourceRecord } from './source-files.js';
import { SourceProgress, type Watch } from './source-progress.js';

/** Characters of the lines that are cleaned together. */
const batchLength = 2 ** 18;

export interface Sources {
  readonly recorded: readonly RecordedSource[];
  /** Of each source. */
  readonly keys: readonly string[];
  readonly kept: KeptSources;
}

export interface Collected {
  readonly store: PreparedStore;
  readonly ledger: Ledger;
}

export interface CleanedSources {
  /** As they were read. */
  readonly sources: readonly SourceRecord[];
  /** What people should know about them. */
  readonly notes: readonly string[];
  /** How many sources were not read, because they were finished already. */
  readonly unchanged: number;
  /** How many files have which format. */
  readonly formats: Readonly<Record<string, number>>;
}

/** @throws UserError (data) if a source cannot be read, (usage) if a chosen name does not occur. */
export function cleanSources(
  { recorded, keys, kept }: Sources,
  options: ReadLearnedOptions,
  cleaners: CleanerThreads,
  { store, ledger }: Collected,
  watch: Watch,
): CleanedSources {
  const all = new LearnedReading(options);
  const notes: string[] = [];
  const formats = new Map<string, number>();
  let unchanged = 0;
  const collect = (part: Uint8Array) => addPart(part, store, ledger);
  const total = recorded.reduce((sum, { record }) => sum + bytesOf(record), 0);
  const sources: SourceRecord[] = [];
  const progress = new SourceProgress(total, cleaners.needsNames, watch);
  for (const [index, source] of recorded.entries()) {
    progress.begin(bytesOf(source.record));
    const key = keys[index] ?? '';
    const found = kept.read(key, collect);
    if (found) unchanged++;
    const { end, record } = found
      ? { end: found, record: source.record }
      : cleanNew(source, options, cleaners, { writer: kept.writer(key), collect, progress });
    if (record.changedWhileRead) kept.leaveOut(key);
    progress.end();
    sources.push(record);
    all.add(end.learning);
    notes.push(...end.notes, ...changeNotes(record));
    for (const [format, files] of Object.entries(end.formats))
      formats.set(format, (formats.get(format) ?? 0) + files);
  }
  return {
    sources,
    notes: [...notes, ...all.end()],
    unchanged,
    formats: Object.fromEntries([...formats].sort()),
  };
}

/** Where the parts of a source go. */
interface Outlets {
  readonly writer: SourceWriter;
  readonly collect: (part: Uint8Array) => void;
  readonly progress: SourceProgress;
}

function changeNotes({ path, changedWhileRead }: SourceRecord): readonly string[] {
  return changedWhileRead
    ? [`${path} changed while it was read; prepare the corpus again once nothing writes to it`]
    : [];
}

interface CleanedSource {
  readonly end: SourceEnd;
  /** As it was read. */
  readonly record: SourceRecord;
}

/** Cleans a source and writes down what becomes of it, unless it changed meanwhile. */
function cleanNew(
  source: RecordedSource,
  options: ReadLearnedOptions,
  cleaners: CleanerThreads,
  { writer, collect, progress }: Outlets,
): CleanedSource {
  try {
    const reading = new LearnedReading(options);
    const { needsNames } = cleaners;
    const keep = (part: Uint8Array) => {
      writer.add(part);
      collect(part);
    };
    const batches = new Batches((lines) => cleaners.clean(lines, keep));
    const { summary, notes } = readSource(source.record.path, reading, needsNames, {
      begin: (speakers, dialogues) => {
        cleaners.beginSource(speakers);
        if (dialogues !== undefined) progress.expects(dialogues);
      },
      take: (line) => {
        batches.take(line);
        progress.take();
      },
      seen: (file, position) => progress.seen(file, position),
      gave: () => progress.gave(),
    });
    batches.end();
    cleaners.finish(keep);
    const formats = formatsOf(summary);
    const record = source.afterReading();
    if (record.changedWhileRead) writer.discard();
    // Where names are redacted, the file must not hold any.
    else
      writer.commit({
        formats,
        notes: needsNames ? summaryLines(summary) : notes,
        learning: reading.state(needsNames),
      });
    return { end: { formats, notes, learning: reading.state(false) }, record };
  } catch (thrown) {
    writer.discard();
    throw thrown;
  }
}

function formatsOf({ files }: CorpusSummary): Record<string, number> {
  const formats = new Map<string, number>();
  for (const { format } of files) formats.set(format, (formats.get(format) ?? 0) + 1);
  return Object.fromEntries(formats);
}

/** Collects lines into batches. */
class Batches {
  private lines = '';

  constructor(private readonly clean: (lines: string) => void) {}

  take(line: string): void {
    this.lines += `${line}\n`;
    if (this.lines.length >= batchLength) this.end();
  }

  end(): void {
    const { lines } = this;
    this.lines = '';
    if (lines !== '') this.clean(lines);
  }
}
