// What a download writes beside the files: where they come from, under which licence, and their checksums as they arrived.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../files/regular-file.js';
import { type Fields, isRecord } from '../objects.js';

export const recordName = '.source.json';

const longestRecord = 2 ** 20;

/** The record in a folder, undefined if it has none that can be read. The folder may come from a stranger. */
export function downloadRecordIn(folder: string): Fields | undefined {
  const path = join(folder, recordName);
  if (!existsSync(path)) return undefined;
  try {
    const record: unknown = JSON.parse(readText(path, longestRecord));
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}
