// What is known of the licences of sources: what people say, what a download recorded, and licence files in a folder. It judges
// nothing and gives no advice.

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { downloadRecordIn } from '../../collect/download-record.js';
import { UserError } from '../../errors.js';
import { readText } from '../../files/regular-file.js';
import { isRecord } from '../../objects.js';
import { option } from '../../option-names.js';
import { oneLine, quoted } from '../../quote.js';

export interface Licence {
  /** The path of the source, as it was given. Null: all sources. */
  readonly source: string | null;
  readonly licence: string;
  /** Who says so: `--license`, the record of a download, or a file in the folder. */
  readonly from: 'option' | 'download' | 'file';
}

const licenceFile = /^(?:[a-z]*licen[cs]es?|copying|copyright)(?:[.-][\w.-]{1,40})?$/i;
const longestFile = 2 ** 20;
const longestText = 200;
const mostFiles = 10;

/**
 * @param given a text for all sources, or the path of a source, `=` and a text.
 * @throws UserError (usage) if a path is not that of a source.
 */
export function licencesOf(paths: readonly string[], given: readonly string[]): readonly Licence[] {
  return [...given.map((text) => givenLicence(text, paths)), ...paths.flatMap(licencesAt)];
}

function givenLicence(text: string, paths: readonly string[]): Licence {
  const at = text.indexOf('=');
  const source = paths.find((path) => at > 0 && resolve(path) === resolve(text.slice(0, at).trim()));
  const licence = (source === undefined ? text : text.slice(at + 1)).trim();
  if (licence === '' || (at >= 0 && source === undefined))
    throw new UserError(
      'option-invalid',
      `${option('license')} is ${quoted(text)}, but must be the licence of all sources, or the path of a source, = and its licence, such as "chats/=CC BY 4.0"`,
    );
  return { source: source ?? null, licence, from: 'option' };
}

function licencesAt(source: string): readonly Licence[] {
  return statSync(source).isDirectory()
    ? [...recorded(source, source, () => true), ...filesIn(source)]
    : recorded(source, dirname(source), ({ path }) => path === basename(source));
}

function recorded(
  source: string,
  folder: string,
  isIts: (file: Readonly<Record<string, unknown>>) => boolean,
): readonly Licence[] {
  const { licence, title, home, files } = downloadRecordIn(folder) ?? {};
  if (typeof licence !== 'string' || !Array.isArray(files)) return [];
  if (!files.some((file) => isRecord(file) && isIts(file))) return [];
  const about = [title, home]
    .filter((one) => typeof one === 'string')
    .map((one) => oneLine(one, longestText));
  const what = about.length > 0 ? ` (${about.join(', ')})` : '';
  return [{ source, licence: `${oneLine(licence, longestText)}${what}`, from: 'download' }];
}

function filesIn(source: string): readonly Licence[] {
  return readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map(({ name }) => name)
    .sort()
    .slice(0, mostFiles)
    .map((name) => ({ source, licence: `${name}${firstLineOf(join(source, name))}`, from: 'file' }));
}

function firstLineOf(path: string): string {
  try {
    const line = readText(path, longestFile)
      .split('\n')
      .find((one) => one.trim() !== '');
    return line === undefined ? '' : `: ${oneLine(line, 100)}`;
  } catch {
    return '';
  }
}
