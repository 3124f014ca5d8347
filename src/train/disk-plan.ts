// Compares what a run will write with the free disk space before its first step: a disk that fills up after a night of
// training ends the run. Every evaluation may be the best so far and is then saved, so the plan counts all of them.

import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { formatBytes } from '../files/format-bytes.js';
import { option } from '../option-names.js';

export interface DiskPlan {
  /** The most checkpoints that exist at the same time, including the one being written. */
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  /** Bytes of the checkpoints that do not exist yet, and of the model at the top of the folder. */
  readonly bytes: number;
  /** Null when the system does not report it. */
  readonly freeBytes: number | null;
}

export interface Writing {
  readonly parameters: number;
  readonly vocabularySize: number;
  readonly firstStep: number;
  readonly totalSteps: number;
  readonly saveSteps: number;
  readonly saveTotalLimit: number | null;
  /** Null when the run has no evaluation. */
  readonly evalSteps: number | null;
  /** Checkpoints that already exist. */
  readonly existing: number;
}

/** A tokenizer's files take about this many bytes per token. */
const tokenizerBytes = 110;

/** @param freeBytes free bytes on the disk that the run writes to; null when unknown. */
export function planDisk(writing: Writing, freeBytes: number | null): DiskPlan {
  const { parameters, vocabularySize, existing } = writing;
  const modelBytes = 4 * parameters + tokenizerBytes * vocabularySize;
  // Two moments per parameter.
  const checkpointBytes = modelBytes + 8 * parameters;
  const saves = savesOf(writing);
  const checkpoints = Math.min(existing + saves, mostKept(writing) + 1);
  const added = Math.max(Math.min(1, saves), checkpoints - existing);
  return { checkpoints, checkpointBytes, bytes: added * checkpointBytes + modelBytes, freeBytes };
}

/**
 * @throws UserError (device) when the disk has too little space. The message names the flag that makes the run fit, if
 * there is one.
 */
export function refuseFullDisk(outputDir: string, writing: Writing, { bytes, ...plan }: DiskPlan): void {
  const { freeBytes, checkpoints, checkpointBytes } = plan;
  if (freeBytes === null || bytes <= freeBytes) return;
  const fits = (saveTotalLimit: number) =>
    planDisk({ ...writing, saveTotalLimit }, freeBytes).bytes <= freeBytes;
  let limit = Math.min(writing.saveTotalLimit ?? checkpoints, checkpoints);
  while (limit > 0 && !fits(limit)) limit = limit > 16 ? limit >> 1 : limit - 1;
  const elsewhere = `free some space, or name an ${option('outputDir')} on another disk`;
  throw new UserError(
    'disk-full',
    `the run would write ${formatBytes(bytes)} to ${outputDir} (up to ${checkpoints} checkpoints of ` +
      `${formatBytes(checkpointBytes)}, and the model), but ${formatBytes(freeBytes)} are free; ` +
      (limit > 0 ? `it fits with ${option('saveTotalLimit', limit)}; or ${elsewhere}` : elsewhere),
  );
}

/** Bytes that this user can still write where `folder` is or will be; null when the system does not report it. */
export function freeDisk(folder: string): number | null {
  for (let path = resolve(folder); ; path = dirname(path)) {
    try {
      const { bavail, bsize } = statfsSync(path);
      // Some network and container file systems report nothing.
      return bavail > 0 || bsize > 0 ? bavail * bsize : null;
    } catch {
      if (path === dirname(path)) return null;
    }
  }
}

/** The most saves in a run: every `saveSteps` steps, after each evaluation that is the best so far, and at the end. */
function savesOf({ firstStep, totalSteps, saveSteps, evalSteps }: Writing): number {
  if (totalSteps <= firstStep) return 0;
  const multiplesOf = (steps: number) => Math.floor(totalSteps / steps) - Math.floor(firstStep / steps);
  const atEnd = totalSteps % saveSteps === 0 ? 0 : 1;
  if (evalSteps === null) return multiplesOf(saveSteps) + atEnd;
  const both = (saveSteps / greatestCommonDivisor(saveSteps, evalSteps)) * evalSteps;
  const evaluatedAtEnd = totalSteps % evalSteps === 0 ? 0 : atEnd;
  return multiplesOf(saveSteps) + multiplesOf(evalSteps) - multiplesOf(both) + evaluatedAtEnd;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}

/** The most checkpoints that are kept. The best and the newest always are, even beyond the limit. */
function mostKept({ saveTotalLimit, evalSteps }: Writing): number {
  if (saveTotalLimit === null) return Number.POSITIVE_INFINITY;
  return Math.max(saveTotalLimit, evalSteps === null ? 1 : 2);
}
