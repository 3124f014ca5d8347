// mkdir -p that always ends. Node's recursive mkdir loops forever when a parent exists but accepts no entries (/proc).

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Creates a folder and its missing parents. @throws the system's error for the first one that cannot be created. */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path);
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    // Another process may have created it first.
    if (!existsSync(folder)) throw thrown;
  }
}
