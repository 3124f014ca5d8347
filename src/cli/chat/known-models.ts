// Models to suggest when none is named: those in results/.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The default folder of runs. */
const resultsFolder = 'results';

/** Folders `results/<run>` in the working folder that hold a model, the newest first. */
export function knownModels(): readonly string[] {
  return entries(resultsFolder)
    .map((name) => join(resultsFolder, name))
    .map((folder) => ({ folder, written: writtenAt(join(folder, 'config.json')) }))
    .filter(({ written }) => written > 0)
    .sort((one, other) => other.written - one.written)
    .map(({ folder }) => folder);
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Milliseconds since 1970; 0 if there is no such file. */
function writtenAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
