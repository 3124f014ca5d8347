// Completion with the Tab key: names of commands, settings and files, and values of settings.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../files/user-folders.js';
import { visible } from '../../quote.js';
import { type Completes, commands } from './commands.js';
import { settingNames, valuesFor } from './settings.js';

/**
 * Completions of the line up to the cursor, in the form that node:readline expects.
 * @returns the candidates, and the end of the line that they replace.
 */
export function complete(line: string): [hits: string[], replaced: string] {
  const [, name, space, rest = ''] = /^\/(\S*)(\s*)(.*)$/.exec(line) ?? [];
  if (name === undefined) return [[], line];
  if (space === '') {
    const hits = Object.entries(commands)
      .filter(([known]) => known.startsWith(name))
      .map(([known, { takes }]) => `/${known}${takes === '' ? '' : ' '}`);
    return [hits, line];
  }
  const completes = Object.hasOwn(commands, name) ? commands[name]?.completes : undefined;
  return completes === undefined ? [[], line] : completeRest(completes, rest);
}

function completeRest(completes: Completes, rest: string): [hits: string[], replaced: string] {
  if (completes === 'file') return [fileNames(rest), rest];
  if (completes !== 'setting') return [completes.filter((word) => word.startsWith(rest)), rest];
  const [, name = '', space = '', value = ''] = /^(\S*)(\s*)(.*)$/.exec(rest) ?? [];
  if (space !== '') return [valuesFor(name).filter((word) => word.startsWith(value)), value];
  return [settingNames.filter((known) => known.startsWith(name)).map((known) => `${known} `), name];
}

/** Files and folders that start with the path; hidden ones only if it names a dot. */
function fileNames(path: string): string[] {
  const cut = path.lastIndexOf('/') + 1;
  const [folder, beginning] = [path.slice(0, cut), path.slice(cut)];
  const real = folder.startsWith('~/') ? join(homeFolder(process.env), folder.slice(2)) : folder;
  try {
    return readdirSync(real === '' ? '.' : real, { withFileTypes: true })
      .filter(({ name }) => name.startsWith(beginning) && (beginning !== '' || !name.startsWith('.')))
      .filter(({ name }) => visible(name) === name && !/[\n\t]/.test(name))
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
  } catch {
    return [];
  }
}
