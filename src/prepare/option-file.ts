// Reads a text file that an option names. It opens regular files of a bounded size only: a pipe or a device never ends.

import { messageOf, UserError } from '../errors.js';
import { codeOf } from '../files/atomic.js';
import { FileRefused, readRegularFile, readText } from '../files/regular-file.js';
import { option } from '../option-names.js';
import { quoted } from '../quote.js';

interface OptionFile {
  /** Of the option. */
  readonly key: string;
  readonly path: string;
  readonly mostBytes: number;
  /** What people should do if it cannot be read. */
  readonly advice: string;
}

/** @returns the text without a byte order mark. @throws UserError (usage) if it cannot be read or is no text in UTF-8. */
export function textOfOption(file: OptionFile): string {
  return orRefuse(file, () => readText(file.path, file.mostBytes));
}

/** For a secret, which can be anything: bytes that are no text count as replacement characters. */
export function secretOfOption(file: OptionFile): string {
  const bytes = orRefuse(file, () => readRegularFile(file.path, file.mostBytes));
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function orRefuse<Content>({ key, path, advice }: OptionFile, read: () => Content): Content {
  try {
    return read();
  } catch (thrown) {
    throw new UserError('option-invalid', `${option(key)}: ${quoted(path)} ${reasonOf(thrown)}; ${advice}`, {
      cause: thrown,
    });
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof FileRefused) return thrown.message;
  return codeOf(thrown) === 'ENOENT' ? 'does not exist' : `cannot be read (${messageOf(thrown)})`;
}
