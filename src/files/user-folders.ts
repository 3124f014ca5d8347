// Where this program keeps what outlives a run, for one user: the cache of compiled kernels and the state of
// conversations (XDG Base Directory Specification). Knows nothing of what lies in these folders.

import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { savingError } from './atomic.js';
import { makeFolder } from './make-folder.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where compiled kernels may lie; the first folder that can be written is used. The second one is for users without
 * a home, and is named by the user because everyone shares the temporary folder.
 * Files found here are executed, so whoever reads them checks who may write the folder.
 */
export function kernelCacheFolders(environment: Environment): string[] {
  const home = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache');
  // The number and not the name: a container's user need not have an entry in /etc/passwd.
  const user = process.getuid?.() ?? 'user';
  return [
    join(home, 'chatbot-train', 'kernels'),
    join(environment.TMPDIR || tmpdir(), `chatbot-train-kernels-${user}`),
  ];
}

/** Where the history of what was typed is kept. The specification says to ignore a relative path. */
export function stateFolder(environment: Environment): string {
  const given = environment.XDG_STATE_HOME ?? '';
  const base = isAbsolute(given) ? given : join(homedir(), '.local', 'state');
  return join(base, 'chatbot-train');
}

/** Makes a folder that only its owner may open. @throws UserError (device) where that is not possible. */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (thrown) {
    throw savingError(folder, thrown);
  }
}
