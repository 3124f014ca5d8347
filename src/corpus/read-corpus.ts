// A corpus from files to dialogues: finds the files, tells their formats, reads them, and says what it made of them.

import { extname } from 'node:path';
import { UserError } from '../errors.js';
import { oneLine } from '../quote.js';
import { conversationParts } from './conversation-parts.js';
import { type CorpusFile, corpusFiles } from './corpus-files.js';
import type { Dialogue } from './dialogue.js';
import { type CorpusFormat, knownFormats } from './formats.js';
import { readRecords } from './read-records.js';
import { readCornell } from './readers/cornell.js';
import { readDialogptTsv } from './readers/dialogpt-tsv.js';
import { jsonRecords } from './readers/json-text.js';
import type { RawDialogue } from './readers/record.js';
import { tabSeparatedKind } from './readers/tab-separated.js';
import { type CorpusSummary, type FileSummary, skippedWords } from './summary.js';
import { Tally } from './tally.js';
import { linesOf, openText, type TextFile } from './text-file.js';

export interface Corpus {
  readonly dialogues: Dialogue[];
  readonly summary: CorpusSummary;
}

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
  const files = found.files.map((file) => readFile(file, format, keep));
  if (files.every(({ dialogues }) => dialogues === 0)) throw nothingUsable(files);
  return { files, skippedFiles: found.skipped };
}

function readFile(
  file: CorpusFile,
  wanted: CorpusFormat | 'auto',
  keep: (dialogue: Dialogue) => void,
): FileSummary {
  const tally = new Tally();
  const counts = { dialogues: 0, turns: 0 };
  const format = readContent(file, wanted, tally, (dialogue) => {
    counts.dialogues++;
    counts.turns += dialogue.turns.length;
    keep(dialogue);
  });
  const { skipped, remarks, unusedFields } = tally;
  return { path: file.path, format, ...counts, skipped, remarks, unusedFields };
}

/** @returns the format that the file is in. */
function readContent(
  { path, kind }: CorpusFile,
  format: CorpusFormat | 'auto',
  tally: Tally,
  keep: (dialogue: Dialogue) => void,
): CorpusFormat {
  if (kind === 'cornell') {
    readLines(readCornell(path), tally, keep);
    return 'cornell';
  }
  const file = openText(path);
  const wanted = format === 'auto' ? detect(file) : format;
  if (wanted !== 'tsv') return readRecords(jsonRecords(file.pieces(), path), path, wanted, tally, keep);
  readLines(readDialogptTsv(linesOf(file), path, tally), tally, keep);
  return wanted;
}

/** Formats whose lines all have one shape: one that has not is an error of the reader. */
function readLines(lines: Iterable<RawDialogue>, tally: Tally, keep: (dialogue: Dialogue) => void): void {
  for (const { turns, source } of lines) {
    const parts = conversationParts(turns, source, tally);
    if (parts.length === 0) tally.skip('fewer than two turns with text', Number(source.split(':').at(-1)));
    for (const part of parts) keep(part);
  }
}

/** A format shows in so many characters. */
const longestLook = 2 ** 16;

/** An object, or a list of objects, lists or texts: a bracket alone also begins the lines of some chat logs. */
const beginsAsJson = /^\s*(?:\{\s*["}]|\[\s*[[{"\]])/;

/** By name where that says it, else by how the text begins. */
function detect({ path, pieces }: TextFile): 'json' | 'tsv' {
  const extension = extname(path).toLowerCase();
  if (['.json', '.jsonl', '.ndjson'].includes(extension)) return 'json';
  const [piece = ''] = pieces();
  const beginning = piece.length > longestLook ? piece.slice(0, piece.lastIndexOf('\n', longestLook)) : piece;
  if (beginsAsJson.test(beginning)) return 'json';
  const [firstLine = ''] = beginning.split('\n').filter((line) => line.trim() !== '');
  if (extension !== '.tsv' && !firstLine.includes('\t'))
    throw new UserError(
      'corpus-format-unknown',
      `${path} is in no format that is known here (it begins with "${oneLine(firstLine, 40)}"); convert it to ${knownFormats}`,
    );
  const found = tabSeparatedKind(beginning);
  if (found.kind === 'pairs') return 'tsv';
  throw new UserError(
    'corpus-format-unknown',
    `${path}: its lines are ${found.what}, not a question and its answer (source<TAB>target); convert it to ${knownFormats}`,
  );
}

function nothingUsable(files: readonly FileSummary[]): UserError {
  const names = files.map(({ path }) => path);
  const few =
    names.length > 3
      ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more files`
      : names.join(', ');
  const why = skippedWords(files.flatMap(({ skipped }) => skipped));
  return new UserError(
    'corpus-without-dialogues',
    `no dialogue in ${few} can be used (${why.join('; ') || 'none was found'}); give dialogues of two turns or more`,
  );
}
