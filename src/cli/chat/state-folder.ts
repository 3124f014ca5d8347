// Where what a person's conversations leave between runs is kept: the XDG Base Directory Specification's state folder.

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { savingError } from '../../files/atomic.js';
import { makeFolder } from '../../files/make-folder.js';

/** The specification has relative paths ignored. */
export function stateFolder(environment: NodeJS.ProcessEnv): string {
  const given = environment.XDG_STATE_HOME ?? '';
  const base = isAbsolute(given) ? given : join(homedir(), '.local', 'state');
  return join(base, 'chatbot-train');
}

/** Makes it where it is missing; only its owner may look into it. @throws UserError (device) when that is not possible. */
export function makeStateFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (thrown) {
    throw savingError(folder, thrown);
  }
}
