// Files with names to replace, and with the key that pseudonyms are made with.

import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';

/** One name a line; `#` begins a comment. @throws UserError (usage) if the file cannot be read. */
export function namesIn(path: string): string[] {
  return textOf(path, 'names')
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

/** @throws UserError (usage) if the file cannot be read or is empty. */
export function keyIn(path: string): string {
  const key = textOf(path, 'redactKey').trim();
  if (key !== '') return key;
  throw new UserError(
    'option-invalid',
    `${option('redactKey')}: ${quoted(path)} is empty; write a long random text into it`,
  );
}

function textOf(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (thrown) {
    throw new UserError(
      'option-invalid',
      `${option(key)}: ${quoted(path)} cannot be read (${messageOf(thrown)}); name a text file`,
      {
        cause: thrown,
      },
    );
  }
}
