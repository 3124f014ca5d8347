// Models that somebody who named none may have meant: what runs have left in results/.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where runs go unless `--output-dir` says otherwise. */
const resultsFolder = 'results';

/** Folders `results/<run>` of the working directory that hold a model, the newest first. */
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

/** Milliseconds since 1970; 0 where there is no such file. */
function writtenAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
