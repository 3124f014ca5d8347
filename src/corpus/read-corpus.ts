// A corpus from files to dialogues: finds the files, tells their formats, reads them, and tidies what was read.

import { extname } from 'node:path';
import { UserError } from '../errors.js';
import { oneLine } from '../quote.js';
import { type CorpusFile, corpusFiles } from './corpus-files.js';
import type { Dialogue } from './dialogue.js';
import { type CorpusFormat, knownFormats } from './formats.js';
import { readCornell } from './readers/cornell.js';
import { readDialogptTsv } from './readers/dialogpt-tsv.js';
import { jsonRecords } from './readers/json-text.js';
import { messages } from './readers/messages.js';
import { qaPairs } from './readers/qa-pairs.js';
import { matches, type RecordReader, wrongRecord } from './readers/record.js';
import { turns } from './readers/turns.js';
import { linesOf, openText, type TextFile } from './text-file.js';
import { tidyText } from './tidy-text.js';

export interface FileSummary {
  readonly path: string;
  readonly format: CorpusFormat;
  readonly dialogues: number;
  readonly turns: number;
  /** Of fewer than two turns with text in them. */
  readonly skippedDialogues: number;
  /** Without text. */
  readonly skippedTurns: number;
}

export interface CorpusSummary {
  readonly files: readonly FileSummary[];
  /** Files in the folders given that are of no known kind. */
  readonly skippedFiles: readonly string[];
}

export interface Corpus {
  readonly dialogues: Dialogue[];
  readonly summary: CorpusSummary;
}

const recordReaders: readonly RecordReader[] = [qaPairs, turns, messages];

/**
 * The dialogues of all `paths` (files, and folders with all below them), in that order; each has two turns or more.
 * @throws UserError (data): one sentence that names the file and, where there is one, the line.
 */
export function readCorpus(
  paths: readonly string[],
  { format = 'auto' }: { readonly format?: CorpusFormat | 'auto' } = {},
): Corpus {
  const dialogues: Dialogue[] = [];
  const summary = readDialogues(paths, format, (dialogue) => dialogues.push(dialogue));
  return { dialogues, summary };
}

/** As `readCorpus`, but gives each dialogue to `keep` as soon as it is read, and holds none. */
export function readDialogues(
  paths: readonly string[],
  format: CorpusFormat | 'auto',
  keep: (dialogue: Dialogue) => void,
): CorpusSummary {
  const found = corpusFiles(paths, format);
  const files: FileSummary[] = [];
  for (const file of found.files) {
    const read = readFile(file, format);
    files.push({ path: file.path, format: read.format, ...tidy(read.dialogues, keep) });
  }
  if (files.every(({ dialogues }) => dialogues === 0)) throw nothingUsable(files);
  return { files, skippedFiles: found.skipped };
}

interface FileContent {
  readonly format: CorpusFormat;
  readonly dialogues: Iterable<Dialogue>;
}

function readFile({ path, kind }: CorpusFile, format: CorpusFormat | 'auto'): FileContent {
  if (kind === 'cornell') return { format: 'cornell', dialogues: readCornell(path) };
  const file = openText(path);
  const wanted = format === 'auto' ? detect(file) : format;
  if (wanted === 'tsv') return { format: wanted, dialogues: readDialogptTsv(linesOf(file), path) };
  const readers = recordReaders.filter((reader) => wanted === 'json' || reader.format === wanted);
  return readRecords(file, readers);
}

/** By name where that says it, else by how the text begins. */
function detect({ path, pieces }: TextFile): 'json' | 'tsv' {
  const extension = extname(path).toLowerCase();
  if (extension === '.tsv') return 'tsv';
  if (['.json', '.jsonl', '.ndjson'].includes(extension)) return 'json';
  const [beginning = ''] = pieces();
  if (/^\s*[[{]/.test(beginning)) return 'json';
  const [firstLine = ''] = beginning.trimStart().split('\n', 1);
  if (firstLine.includes('\t')) return 'tsv';
  throw new UserError(
    'corpus-format-unknown',
    `${path} is in no format that is known here (it begins with "${oneLine(firstLine, 40)}"); convert it to ${knownFormats}`,
  );
}

/** The first record decides which of `readers` reads the file; any other after it is an error. */
function readRecords({ path, pieces }: TextFile, readers: readonly RecordReader[]): FileContent {
  const records = jsonRecords(pieces(), path);
  const first = records.next();
  if (first.done)
    throw new UserError('corpus-empty', `${path} holds an empty list; it should hold conversations`);
  const { value, line } = first.value;
  const reader = readers.find((candidate) => matches(candidate, value));
  if (!reader) throw wrongRecord(value, readers, `${path}:${line}`);
  return { format: reader.format, dialogues: dialoguesOf(reader, first.value, records, path) };
}

function* dialoguesOf(
  reader: RecordReader,
  first: { value: unknown; line: number },
  others: Iterable<{ value: unknown; line: number }>,
  path: string,
): Generator<Dialogue> {
  const dialogue = ({ value, line }: { value: unknown; line: number }): Dialogue => {
    const source = `${path}:${line}`;
    if (!matches(reader, value)) throw wrongRecord(value, [reader], source);
    return { turns: reader.turns(value, source), source };
  };
  yield dialogue(first);
  for (const record of others) yield dialogue(record);
}

/** Leaves out turns without text, and dialogues in which nobody answers anybody; keeps the others. */
function tidy(dialogues: Iterable<Dialogue>, keep: (dialogue: Dialogue) => void) {
  const counts = { dialogues: 0, turns: 0, skippedDialogues: 0, skippedTurns: 0 };
  for (const { turns, source } of dialogues) {
    const spoken = turns
      .map((turn) => ({ ...turn, text: tidyText(turn.text) }))
      .filter(({ text }) => text !== '');
    counts.skippedTurns += turns.length - spoken.length;
    if (spoken.filter(({ system }) => !system).length < 2) {
      counts.skippedDialogues++;
      continue;
    }
    counts.dialogues++;
    counts.turns += spoken.length;
    keep({ turns: spoken, source });
  }
  return counts;
}

function nothingUsable(files: readonly FileSummary[]): UserError {
  const names = files.map(({ path }) => path);
  const few =
    names.length > 3
      ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more files`
      : names.join(', ');
  const count = files.reduce((sum, { skippedDialogues }) => sum + skippedDialogues, 0);
  return new UserError(
    'corpus-without-dialogues',
    `no dialogue in ${few} can be used: ${count} found, none with two turns that have text; give dialogues of two turns or more`,
  );
}

/** What was read and what was passed over, a line a file, for people. */
export function summaryLines({ files, skippedFiles }: CorpusSummary): string[] {
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const lines = files.map(({ path, format, dialogues, turns, skippedDialogues, skippedTurns }) => {
    const skipped = [
      skippedDialogues > 0 ? `${plural(skippedDialogues, 'dialogue')} of fewer than two turns skipped` : '',
      skippedTurns > 0 ? `${plural(skippedTurns, 'empty turn')} skipped` : '',
    ];
    return [`${path}: ${plural(dialogues, 'dialogue')}, ${plural(turns, 'turn')} (${format})`, ...skipped]
      .filter((part) => part !== '')
      .join('; ');
  });
  return [...lines, ...skippedFiles.map((path) => `${path}: skipped, no known format`)];
}
