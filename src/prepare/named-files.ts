// The files besides the sources that options name and that decide what a corpus holds: word lists, filters, texts that must not
// be learned, templates, synonyms. The manifest records their content as it records that of sources. Files with names of people
// or with a secret are not recorded: whoever has the hash of such a file can test guesses.

import type { OptionTable } from '../option-spec.js';
import { type FileRecord, recordIfReadable } from './source-files.js';

export interface NamedFile extends FileRecord {
  /** The key of the option that names it, or whose file names it. */
  readonly option: string;
}

const privateOptions: readonly string[] = ['names', 'redactKey'];

/** @param values of the options of the table; other keys are ignored. Whoever reads the files says which are missing. */
export function namedFiles(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
): readonly NamedFile[] {
  return Object.entries(table).flatMap(([key, spec]) => {
    if (!('value' in spec) || spec.value !== 'file' || privateOptions.includes(key)) return [];
    return recordsOf(key, textsIn(values[key]));
  });
}

export function recordsOf(option: string, paths: readonly string[]): readonly NamedFile[] {
  return paths.flatMap(recordIfReadable).map((record) => ({ option, ...record }));
}

function textsIn(value: unknown): readonly string[] {
  return [value].flat().filter((one) => typeof one === 'string');
}
