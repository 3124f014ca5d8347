// Files with names to replace, and with the key that pseudonyms are made with.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { secretOfOption, textOfOption } from '../option-file.js';

const [mostNameBytes, mostKeyBytes] = [2 ** 24, 2 ** 20];

/** One name a line; `#` begins a comment. @throws UserError (usage) if the file cannot be read or holds no name. */
export function namesIn(path: string): string[] {
  const advice = 'name a text file in UTF-8 with a name in each line';
  const names = textOfOption({ key: 'names', path, mostBytes: mostNameBytes, advice })
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  if (names.length > 0) return names;
  throw new UserError('option-invalid', `${option('names')}: ${quoted(path)} holds no names; ${advice}`);
}

/** @throws UserError (usage) if the file cannot be read or is empty. */
export function keyIn(path: string): string {
  const advice = 'write a long random text into it';
  const key = secretOfOption({
    key: 'redactKey',
    path,
    mostBytes: mostKeyBytes,
    advice: 'name a file with a long random text',
  }).trim();
  if (key !== '') return key;
  throw new UserError('option-invalid', `${option('redactKey')}: ${quoted(path)} is empty; ${advice}`);
}
