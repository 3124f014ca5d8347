// Finds the models in folders of results that were trained on a prepared corpus, by the options that their checkpoints record.

import { readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { preparedCorpora } from '../corpus/prepared/trained-models.js';
import { checkpointSteps, recordedOption } from './checkpoint.js';

/** Results of runs can be in folders of folders. */
const deepest = 4;

/** @returns the folders of runs, absolute. Nothing is found of a folder that cannot be read. */
export function modelsOf(corpus: string, folders: readonly string[]): string[] {
  const place = realpathSync(corpus);
  const found = new Set<string>();
  const search = (folder: string, depth: number) => {
    if (isTrainedOn(place, folder)) found.add(folder);
    else if (depth < deepest) for (const below of foldersIn(folder)) search(below, depth + 1);
  };
  for (const folder of folders) search(resolve(folder), 0);
  return [...found].sort();
}

function isTrainedOn(place: string, folder: string): boolean {
  const checkpoints = checkpointSteps(folder).map((step) => join(folder, `checkpoint-${step}`));
  return [folder, ...checkpoints].some((one) =>
    ['data', 'replay', 'evalData'].some((key) => {
      const paths = recordedOption(one, key);
      if (!Array.isArray(paths)) return false;
      const named = paths.filter((path) => typeof path === 'string');
      return preparedCorpora(named).some((data) => realpathSync(data) === place);
    }),
  );
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => join(folder, name))
      .sort();
  } catch {
    return [];
  }
}
