// A corpus from files to dialogues: finds the files, tells their formats, reads them, and says what it made of them.

import { extname } from 'node:path';
import { UserError } from '../errors.js';
import { conversationParts } from './conversation-parts.js';
import { type CorpusFile, corpusFiles } from './corpus-files.js';
import type { Dialogue } from './dialogue.js';
import { type CorpusFormat, knownFormats } from './formats.js';
import { type RecordsRead, readRecords } from './read-records.js';
import { readCornell } from './readers/cornell.js';
import { readDialogptTsv } from './readers/dialogpt-tsv.js';
import { jsonRecords } from './readers/json-text.js';
import { type RawDialogue, shortened } from './readers/record.js';
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
  const found = corpusFiles(paths, format);
  const dialogues: Dialogue[] = [];
  const files: FileSummary[] = [];
  for (const file of found.files) {
    const tally = new Tally();
    const read = readFile(file, format, tally);
    for (const dialogue of read.dialogues) dialogues.push(dialogue);
    files.push({
      path: file.path,
      format: read.format,
      dialogues: read.dialogues.length,
      turns: read.dialogues.reduce((sum, dialogue) => sum + dialogue.turns.length, 0),
      skipped: tally.skipped,
      remarks: tally.remarks,
      unusedFields: tally.unusedFields,
    });
  }
  if (dialogues.length === 0) throw nothingUsable(files);
  return { dialogues, summary: { files, skippedFiles: found.skipped } };
}

function readFile({ path, kind }: CorpusFile, format: CorpusFormat | 'auto', tally: Tally): RecordsRead {
  if (kind === 'cornell') return { format: 'cornell', dialogues: linesRead(readCornell(path), tally) };
  const file = openText(path);
  const wanted = format === 'auto' ? detect(file) : format;
  if (wanted === 'tsv')
    return { format: wanted, dialogues: linesRead(readDialogptTsv(linesOf(file), path, tally), tally) };
  return readRecords(jsonRecords(file.pieces(), path), path, wanted, tally);
}

/** Formats whose lines all have one shape: one that has not is an error of the reader. */
function linesRead(lines: Iterable<RawDialogue>, tally: Tally): Dialogue[] {
  const dialogues: Dialogue[] = [];
  for (const { turns, source } of lines) {
    const parts = conversationParts(turns, source, tally);
    if (parts.length === 0) tally.skip('fewer than two turns with text', Number(source.split(':').at(-1)));
    for (const part of parts) dialogues.push(part);
  }
  return dialogues;
}

/** An object, or a list of objects, lists or texts: a bracket alone also begins the lines of some chat logs. */
const beginsAsJson = /^\s*(?:\{\s*["}]|\[\s*[[{"\]])/;

/** By name where that says it, else by how the text begins. */
function detect({ path, pieces }: TextFile): 'json' | 'tsv' {
  const extension = extname(path).toLowerCase();
  if (['.json', '.jsonl', '.ndjson'].includes(extension)) return 'json';
  const [beginning = ''] = pieces();
  if (beginsAsJson.test(beginning)) return 'json';
  const [firstLine = ''] = beginning.split('\n').filter((line) => line.trim() !== '');
  if (extension !== '.tsv' && !firstLine.includes('\t'))
    throw new UserError(
      'data',
      `${path} is in no format that is known here (it begins with "${shortened(firstLine)}"); convert it to ${knownFormats}`,
    );
  const found = tabSeparatedKind(beginning);
  if (found.kind === 'pairs') return 'tsv';
  throw new UserError(
    'data',
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
    'data',
    `no dialogue in ${few} can be used: ${why.join('; ') || 'none was found'}; give dialogues of two turns or more`,
  );
}
