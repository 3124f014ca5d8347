// Where this program keeps what outlives a run, for one user: the cache of compiled kernels and the state of
// conversations (XDG Base Directory Specification). Relative paths in the environment are ignored, as the specification
// says. Knows nothing of what lies in these folders.

import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { savingError } from './atomic.js';
import { makeFolder } from './make-folder.js';
import { liesInWorkingFolder } from './working-folder.js';

type Environment = Readonly<Record<string, string | undefined>>;

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** A container's user may have neither HOME nor an entry in /etc/passwd; `/` is what container engines give them. */
export function homeFolder(environment: Environment): string {
  try {
    return absolute(environment.HOME) ?? absolute(homedir()) ?? '/';
  } catch {
    return '/';
  }
}

/** Where files may lie for a moment. Others may share it. */
export function temporaryFolder(environment: Environment): string {
  return absolute(environment.TMPDIR) ?? absolute(tmpdir()) ?? '/tmp';
}

/**
 * Where compiled kernels may lie; the first folder that can be written is used. The second one is for users without
 * a home, and is named by the user because everyone shares the temporary folder. A folder in the working folder is left
 * out, because files found here are executed; whoever reads them also checks who else may write them.
 */
export function kernelCacheFolders(environment: Environment): string[] {
  const cache = absolute(environment.XDG_CACHE_HOME) ?? join(homeFolder(environment), '.cache');
  // The number and not the name: a container's user need not have an entry in /etc/passwd.
  const user = process.getuid?.() ?? 'user';
  return [
    join(cache, 'chatbot-train', 'kernels'),
    join(temporaryFolder(environment), `chatbot-train-kernels-${user}`),
  ].filter((folder) => !liesInWorkingFolder(folder));
}

/** Where the history of what was typed is kept. */
export function stateFolder(environment: Environment): string {
  const state = absolute(environment.XDG_STATE_HOME) ?? join(homeFolder(environment), '.local', 'state');
  return join(state, 'chatbot-train');
}

/** Makes a folder that only its owner may open. @throws UserError (device) where that is not possible. */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (thrown) {
    throw savingError(folder, thrown);
  }
}
