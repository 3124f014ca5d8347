// Which checkpoint `--resume` goes on from: the newest one that is whole. Damage is looked for before anything is
// trained. It knows folders and files; what a run does with a checkpoint is not its concern.

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
 * The checkpoint that the run goes on from; null for a run from the beginning.
 * @throws UserError (usage) where `--resume` names a folder without checkpoints, UserError (model) where the named
 * checkpoint is damaged, or all of them are.
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
        `${checkpoint} has no checksums, because an earlier version saved it: damage that changes only numbers would go unnoticed`,
      );
    return checkpoint;
  }
  if (resume !== true)
    throw new UserError(
      'resume-not-found',
      `${option('resume')}: ${folder} holds no checkpoint; check the path`,
    );
  note(`${folder} holds no checkpoint yet: starting from the beginning`);
  return null;
}

/** @returns why the checkpoint cannot be used; null where it can. */
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

/** A checkpoint that a person has named: another one is proposed, but not taken. */
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
    `${fault.sentence}; the newest whole checkpoint of this run is used with ${option('resume', whole)}`,
    { cause: fault },
  );
}

/** @returns null where the folder holds no checkpoint. */
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
      if (faults.length > 0) note(`going on from ${checkpoint}, the newest checkpoint that is whole`);
      return checkpoint;
    }
    faults.push(fault);
  }
  const [newest] = faults;
  if (newest === undefined) return null;
  if (newest.code === 'checkpoint-foreign') throw newest;
  throw new UserError(
    'checkpoint-damaged',
    `${newest.sentence}; no checkpoint in ${folder} is whole, so start again with another ${option('outputDir')}`,
    { cause: newest },
  );
}
