// The per-user folders for files that outlive a run: the cache of compiled kernels and the state of conversations (XDG Base
// Directory Specification). Relative paths in the environment are ignored, as the specification requires. It does not know
// what these folders contain.

import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { savingError } from './atomic.js';
import { makeFolder } from './make-folder.js';
import { liesInWorkingFolder } from './working-folder.js';

type Environment = Readonly<Record<string, string | undefined>>;

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** A container's user may have neither HOME nor an entry in /etc/passwd; container engines then set it to `/`. */
export function homeFolder(environment: Environment): string {
  try {
    return absolute(environment.HOME) ?? absolute(homedir()) ?? '/';
  } catch {
    return '/';
  }
}

/** The folder for short-lived files. Other users may share it. */
export function temporaryFolder(environment: Environment): string {
  return absolute(environment.TMPDIR) ?? absolute(tmpdir()) ?? '/tmp';
}

/**
 * Candidates for the cache of compiled kernels; the first writable folder is used. The second one is for users without a
 * home. Its name contains the user, because the temporary folder is shared. Folders in the working folder are left out,
 * because the cached files are executed. Code that reads them also checks who else can write them.
 */
export function kernelCacheFolders(environment: Environment): string[] {
  return cacheFolders(environment, 'kernels');
}

/** Candidates for the folder of measured matrix products. */
export function productCacheFolders(environment: Environment): string[] {
  return cacheFolders(environment, 'products');
}

/** Candidates for the folder of the vectors of bots whose store is a database server. */
export function vectorCacheFolders(environment: Environment): string[] {
  return cacheFolders(environment, 'vectors');
}

function cacheFolders(environment: Environment, subject: string): string[] {
  const cache = absolute(environment.XDG_CACHE_HOME) ?? join(homeFolder(environment), '.cache');
  // The id and not the name, because a container's user may have no entry in /etc/passwd.
  const user = process.getuid?.() ?? 'user';
  return [
    join(cache, 'chatbot-train', subject),
    join(temporaryFolder(environment), `chatbot-train-${subject}-${user}`),
  ].filter((folder) => !liesInWorkingFolder(folder));
}

/** The folder for the history of typed input. */
export function stateFolder(environment: Environment): string {
  const state = absolute(environment.XDG_STATE_HOME) ?? join(homeFolder(environment), '.local', 'state');
  return join(state, 'chatbot-train');
}

/** Creates a folder that only its owner can open. @throws UserError (device) when that is not possible. */
export function makePrivateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (thrown) {
    throw savingError(folder, thrown);
  }
}
