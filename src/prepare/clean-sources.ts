// Cleans all sources, one after the other. A source that is finished already is taken as it is. The results are the same either
// way, and do not depend on how many threads clean.

import { LearnedReading, type ReadLearnedOptions } from '../corpus/read-learned.js';
import { type CorpusSummary, summaryLines } from '../corpus/summary.js';
import { readSource } from './clean-source.js';
import { addPart } from './cleaned-part.js';
import type { Cleaner } from './cleaner.js';
import type { SourceEnd, SourceWriter } from './kept-source.js';
import type { KeptSources } from './kept-sources.js';
import type { Ledger } from './ledger.js';
import type { PreparedStore } from './prepared-store.js';

/** Characters of the lines that are cleaned together. */
const batchLength = 2 ** 18;

export interface Sources {
  readonly paths: readonly string[];
  /** Of each path. */
  readonly keys: readonly string[];
  readonly kept: KeptSources;
}

export interface Collected {
  readonly store: PreparedStore;
  readonly ledger: Ledger;
}

export interface CleanedSources {
  /** What people should know about them. */
  readonly notes: readonly string[];
  /** How many sources were not read, because they were finished already. */
  readonly unchanged: number;
  /** How many files have which format. */
  readonly formats: Readonly<Record<string, number>>;
}

/** @throws UserError (data) if a source cannot be read, (usage) if a chosen name does not occur. */
export function cleanSources(
  { paths, keys, kept }: Sources,
  options: ReadLearnedOptions,
  cleaner: Cleaner,
  { store, ledger }: Collected,
): CleanedSources {
  const all = new LearnedReading(options);
  const notes: string[] = [];
  const formats = new Map<string, number>();
  let unchanged = 0;
  const collect = (part: Uint8Array) => addPart(part, store, ledger);
  for (const [index, path] of paths.entries()) {
    const key = keys[index] ?? '';
    const found = kept.read(key, collect);
    if (found) unchanged++;
    const end = found ?? cleanNew(path, options, cleaner, kept.writer(key), collect);
    all.add(end.learning);
    notes.push(...end.notes);
    for (const [format, files] of Object.entries(end.formats))
      formats.set(format, (formats.get(format) ?? 0) + files);
  }
  return { notes: [...notes, ...all.end()], unchanged, formats: Object.fromEntries([...formats].sort()) };
}

/** Cleans a source and writes down what becomes of it. */
function cleanNew(
  path: string,
  options: ReadLearnedOptions,
  cleaner: Cleaner,
  writer: SourceWriter,
  collect: (part: Uint8Array) => void,
): SourceEnd {
  try {
    const reading = new LearnedReading(options);
    const needsNames = cleaner.cleaning.redaction?.needsNames === true;
    const batches = new Batches((lines) => {
      const part = cleaner.clean(lines);
      writer.add(part);
      collect(part);
    });
    const { summary, notes } = readSource(path, reading, needsNames, {
      begin: (speakers) => cleaner.beginSource(speakers),
      take: (line) => batches.take(line),
    });
    batches.end();
    // Where names are redacted, the file must not hold any.
    const formats = formatsOf(summary);
    writer.commit({
      formats,
      notes: needsNames ? summaryLines(summary) : notes,
      learning: reading.state(needsNames),
    });
    return { formats, notes, learning: reading.state(false) };
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
