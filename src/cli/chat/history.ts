// The input history between runs: a text file with one entry per line, the newest last. It is read again before every new
// entry, so that programs running side by side do not lose each other's entries.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../errors.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { readText } from '../../files/regular-file.js';
import { makePrivateFolder } from '../../files/user-folders.js';
import { visible } from '../../quote.js';

/** How many entries are kept. */
export const historySize = 1000;

/** A file larger than this was not written here. */
const mostBytes = 2 ** 24;

export class HistoryFile {
  constructor(readonly path: string) {}

  /**
   * The entries, the newest first.
   * @throws UserError (data) when the file cannot be read as a history; it is left as it is.
   */
  read(): string[] {
    try {
      if (!existsSync(this.path)) return [];
      return readText(this.path, mostBytes)
        .split('\n')
        .map((line) => visible(line))
        .filter((line) => line.trim() !== '')
        .slice(-historySize)
        .reverse();
    } catch (thrown) {
      throw new UserError(
        'history-unreadable',
        `the history in ${this.path} cannot be read (${messageOf(thrown)}); delete it to start a new one`,
        { cause: thrown },
      );
    }
  }

  /**
   * @param line one line, not blank.
   * @throws UserError when the file cannot be read or written; it is left as it is.
   */
  add(line: string): void {
    const [newest, ...older] = this.read();
    if (line === newest) return;
    const entries = [line, ...(newest === undefined ? [] : [newest]), ...older].slice(0, historySize);
    makePrivateFolder(dirname(this.path));
    writeFileAtomic(this.path, `${entries.reverse().join('\n')}\n`, 0o600);
  }
}
