// Reads a corpus from files into dialogues: finds the files, detects their formats, reads them, and summarizes the result.
// The readers of the single formats are in readers/.

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
import { type CorpusSummary, type FileSummary, plural, skippedWords } from './summary.js';
import { Tally } from './tally.js';
import { linesOf, openText, type TextFile } from './text-file.js';

export interface Corpus {
  readonly dialogues: Dialogue[];
  readonly summary: CorpusSummary;
}

/**
 * Reads the dialogues of all `paths` in the given order. Each dialogue has at least two turns.
 * @param paths files, and folders that are searched recursively.
 * @throws UserError (data) in one sentence that names the file and, if there is one, the line.
 */
export function readCorpus(
  paths: readonly string[],
  { format = 'auto' }: { readonly format?: CorpusFormat | 'auto' } = {},
): Corpus {
  const dialogues: Dialogue[] = [];
  const summary = readDialogues(paths, format, (dialogue) => dialogues.push(dialogue));
  return { dialogues, summary };
}

/** Like `readCorpus`, but passes each dialogue to `keep` as soon as it is read, to save memory. */
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

/** @returns the format of the file. */
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

/** Reads a format whose lines all have the same shape. The reader itself throws if a line has another shape. */
function readLines(lines: Iterable<RawDialogue>, tally: Tally, keep: (dialogue: Dialogue) => void): void {
  for (const { turns, source } of lines) {
    const parts = conversationParts(turns, source, tally);
    if (parts.length === 0) tally.skip('fewer than two turns with text', Number(source.split(':').at(-1)));
    for (const part of parts) keep(part);
  }
}

/** Format detection looks at no more than this number of characters. */
const longestLook = 2 ** 16;

/** An object, or a list of objects, lists or strings. A bracket alone is not enough: some chat logs begin with one. */
const beginsAsJson = /^\s*(?:\{\s*["}]|\[\s*[[{"\]])/;

/** Detects the format from the file extension if possible, and otherwise from the beginning of the text. */
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
      `${path} is in an unknown format (it begins with "${oneLine(firstLine, 40)}"); convert it to ${knownFormats}`,
    );
  const found = tabSeparatedKind(beginning);
  if (found.kind === 'pairs') return 'tsv';
  throw new UserError(
    'corpus-format-unknown',
    `${path}: its lines are ${found.what}, not a question and an answer (source<TAB>target); convert it to ${knownFormats}`,
  );
}

function nothingUsable(files: readonly FileSummary[]): UserError {
  const names = files.map(({ path }) => path);
  const few =
    names.length > 3
      ? `${names.slice(0, 3).join(', ')} and ${plural(names.length - 3, 'more file')}`
      : names.join(', ');
  const why = skippedWords(files.flatMap(({ skipped }) => skipped));
  return new UserError(
    'corpus-without-dialogues',
    `no dialogue in ${few} can be used (${why.join('; ') || 'none was found'}); each dialogue needs at least two turns with text`,
  );
}
