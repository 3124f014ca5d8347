// Names the model that a person can use while a run has none of its own.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { training } from '../option-names.js';
import { checkpointFolder, checkpointSteps } from './checkpoint.js';
import { metricsFileName } from './metrics.js';

/**
 * A run's folder contains a model only when the run is finished. Until then only its checkpoints do.
 * @param use what is done with a model, for the advice.
 */
export function refuseUnfinishedRun(folder: string, use = 'chat with'): void {
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  if (!isFolder || existsSync(join(folder, 'config.json'))) return;
  const newest = checkpointSteps(folder).at(-1);
  if (newest !== undefined)
    throw new UserError(
      'training-unfinished',
      `the training in ${folder} has not finished; ${use} its newest checkpoint, ${checkpointFolder(folder, newest)}, or finish it with ${training({ resume: true })}`,
    );
  if (existsSync(join(folder, metricsFileName)))
    throw new UserError(
      'training-unfinished',
      `the training in ${folder} has not saved a model yet; finish it with ${training({ resume: true })}`,
    );
}
