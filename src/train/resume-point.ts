// Finds the checkpoint that `--resume` continues from: the newest complete one. It checks for damage before any training.
// It only knows folders and files, not what a run does with a checkpoint.

import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RunOptions } from '../config/output-folder.js';
import { messageOf, UserError } from '../errors.js';
import { option } from '../option-names.js';
import {
  checkCheckpoint,
  checkpointFolder,
  checkpointSteps,
  hasChecksums,
  isCheckpoint,
} from './checkpoint.js';

/**
 * The checkpoint that the run continues from; null when the run starts from the beginning.
 * @throws UserError (usage) when `--resume` names a folder without checkpoints; UserError (model) when the named
 * checkpoint, or every checkpoint in the folder, is damaged.
 */
export function findResumePoint(
  { resume, outputDir }: Pick<RunOptions, 'resume' | 'outputDir'>,
  note: (text: string) => void,
): string | null {
  if (resume === false) return null;
  const folder = resume === true ? outputDir : resume;
  const checkpoint = isCheckpoint(folder) ? namedCheckpoint(folder) : newestWhole(folder, note);
  if (checkpoint !== null) {
    if (!hasChecksums(checkpoint))
      note(
        `${checkpoint} has no checksums, because an earlier version saved it; damage that only changes numbers cannot be detected`,
      );
    return checkpoint;
  }
  if (resume !== true)
    throw new UserError(
      'resume-not-found',
      `${option('resume')}: ${folder} contains no checkpoint; check the path`,
    );
  note(`${folder} contains no checkpoint yet: starting from the beginning`);
  return null;
}

/** @returns the reason why the checkpoint cannot be used; null when it can. */
function faultOf(checkpoint: string): UserError | null {
  try {
    checkCheckpoint(checkpoint);
    return null;
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
    return new UserError(
      'checkpoint-damaged',
      `cannot resume: ${checkpoint} cannot be read (${messageOf(thrown)})`,
      {
        cause: thrown,
      },
    );
  }
}

/** For a checkpoint that the user named. If it is damaged, the error proposes another one but does not use it. */
function namedCheckpoint(checkpoint: string): string {
  const fault = faultOf(checkpoint);
  if (fault === null) return checkpoint;
  const run = dirname(resolve(checkpoint));
  const whole = checkpointSteps(run)
    .map((step) => checkpointFolder(dirname(checkpoint), step))
    .findLast((other) => resolve(other) !== resolve(checkpoint) && faultOf(other) === null);
  if (whole === undefined) throw fault;
  throw new UserError(
    'checkpoint-damaged',
    `${fault.sentence}; to use the newest undamaged checkpoint of this run, pass ${option('resume', whole)}`,
    { cause: fault },
  );
}

/** @returns null when the folder contains no checkpoint. */
function newestWhole(folder: string, note: (text: string) => void): string | null {
  if (!existsSync(folder)) return null;
  if (!statSync(folder).isDirectory())
    throw new UserError(
      'resume-not-found',
      `${option('resume')}: ${folder} is a file; name a run's folder or one of its checkpoints`,
    );
  const faults: UserError[] = [];
  for (const step of checkpointSteps(folder).reverse()) {
    const checkpoint = checkpointFolder(folder, step);
    const fault = faultOf(checkpoint);
    if (fault === null) {
      for (const { sentence } of faults) note(sentence);
      if (faults.length > 0) note(`resuming from ${checkpoint}, the newest undamaged checkpoint`);
      return checkpoint;
    }
    faults.push(fault);
  }
  const [newest] = faults;
  if (newest === undefined) return null;
  if (newest.code === 'checkpoint-foreign') throw newest;
  throw new UserError(
    'checkpoint-damaged',
    `${newest.sentence}; ${folder} has no undamaged checkpoint, so start again with another ${option('outputDir')}`,
    { cause: newest },
  );
}
