// Finds the reader for a file by its beginning. Every text reader and record source is asked.

import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import type { RecordReader, RecordSource, Sample, TextReader } from './reader.js';
import { json } from './readers/json.js';
import { tabSeparatedKind } from './readers/tab-separated.js';
import { recordReaders, recordSources, textReaders } from './readers.js';
import { beginningOfText, type TextFile } from './text-file.js';

/** How a text file is read: by its own reader, or as records. */
export type Recognized =
  | { readonly kind: 'text'; readonly reader: TextReader }
  | { readonly kind: 'records'; readonly source: RecordSource; readonly readers: readonly RecordReader[] };

/** The number of characters that readers see. */
const longestSample = 2 ** 16;

export function sampleOf(file: TextFile): Sample {
  const { name } = file;
  const text = beginningOfText(file, longestSample + 1).slice(0, longestSample + 1);
  if (text.length <= longestSample) return { name, text };
  const lineEnd = text.lastIndexOf('\n');
  return { name, text: text.slice(0, lineEnd < 0 ? longestSample : lineEnd + 1) };
}

/**
 * The reader for a file.
 * @param format `auto` or the name of a format. A file that the user named is read in this format whatever it looks like.
 * @returns null if no reader knows the file, or if it does not look like `format`.
 * @throws UserError (data) if two readers are sure of it.
 */
export function recognize(file: TextFile, format: string, isNamed: boolean): Recognized | null {
  if (format !== 'auto') return inFormat(file, format, isNamed);
  const sample = sampleOf(file);
  const candidates = [...textReaders, ...recordSources];
  const certainties = candidates.map((reader) => reader.recognizes(sample));
  const sure = candidates.filter((_, index) => certainties[index] === 'sure');
  const [first, second] = sure;
  if (first && second)
    throw new UserError(
      'corpus-format-ambiguous',
      `${file.path} can be read as ${first.format} and as ${second.format}; choose with ${option('format', first.format)} or ${option('format', second.format)}`,
    );
  const found = first ?? candidates.find((_, index) => certainties[index] === 'maybe');
  return found ? recognized(found, recordReaders) : null;
}

function inFormat(file: TextFile, format: string, isNamed: boolean): Recognized | null {
  const sample = sampleOf(file);
  const looksLike = (reader: TextReader | RecordSource) => reader.recognizes(sample) !== 'no';
  const chosen = [...textReaders, ...recordSources].find((reader) => reader.format === format);
  if (chosen) return isNamed || looksLike(chosen) ? recognized(chosen, recordReaders) : null;
  const readers = recordReaders.filter((reader) => reader.format === format);
  if (readers.length === 0) return null;
  // The records can be in any kind of file.
  const source = recordSources.find(looksLike) ?? (isNamed ? json : null);
  return source && { kind: 'records', source, readers };
}

function recognized(reader: TextReader | RecordSource, readers: readonly RecordReader[]): Recognized {
  return 'records' in reader ? { kind: 'records', source: reader, readers } : { kind: 'text', reader };
}

/** The error for a file that no reader knows. */
export function unknownFormat(file: TextFile, format: string): UserError {
  if (format !== 'auto')
    return new UserError(
      'corpus-format-unknown',
      `${file.path} is not in the format ${format}; leave out ${option('format')} to recognize it by its content`,
    );
  const { text } = sampleOf(file);
  if (/^\s*<(?:!doctype html|html)\b/i.test(text))
    return new UserError(
      'corpus-format-unknown',
      `${file.path} is a web page; export the chats as JSON instead, or collect the questions and answers of a site with chatbot-data crawl`,
    );
  const [firstLine = ''] = text.split('\n').filter((line) => line.trim() !== '');
  const found = firstLine.includes('\t') ? tabSeparatedKind(text) : undefined;
  return new UserError(
    'corpus-format-unknown',
    found?.kind === 'other'
      ? `${file.path}: its lines are ${found.what}, not a question and an answer (source<TAB>target); ${remedy}`
      : `${file.path} is in an unknown format (it begins with "${oneLine(firstLine, 40)}"); ${remedy}`,
  );
}

/** What to do with a file in an unknown format. */
export const remedy =
  'convert it to JSON or JSON lines (records with text and response, turns, or messages), or to CSV with the columns question and answer';
