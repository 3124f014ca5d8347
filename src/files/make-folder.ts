// mkdir -p that ends. Node's recursive mkdir tries for ever where a parent exists but takes no entries (/proc).

import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes a folder and those above it, where they are missing. @throws what the system says of the first it cannot. */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path);
  if (existsSync(folder)) return;
  makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (thrown) {
    // Another process may have been faster.
    if (!existsSync(folder)) throw thrown;
  }
}
