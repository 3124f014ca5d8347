// Chooses the output folder of a run.

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { TrainOptions } from './train-options.js';

/** TrainOptions with an output folder. */
export interface RunOptions extends TrainOptions {
  readonly outputDir: string;
}

/**
 * `--output-dir` if given; the run's own folder when `--resume` names one of its checkpoints; else
 * `results/<model>-<date>`, with `-2`, `-3`, ... if that folder already exists.
 */
export function settleOutputFolder(
  options: TrainOptions,
  today: Date,
  exists: (path: string) => boolean = existsSync,
): RunOptions {
  return { ...options, outputDir: options.outputDir ?? chosenFolder(options, today, exists) };
}

function chosenFolder(options: TrainOptions, today: Date, exists: (path: string) => boolean): string {
  if (typeof options.resume === 'string') {
    const folder = resolve(options.resume);
    return /^checkpoint-\d+$/.test(basename(folder)) ? dirname(folder) : options.resume;
  }
  const date = [today.getFullYear(), today.getMonth() + 1, today.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  const model = basename(resolve(options.model)).replace(/[^\w.-]+/g, '-');
  const folder = join('results', `${model}-${date}`);
  let chosen = folder;
  for (let number = 2; exists(chosen); number++) chosen = `${folder}-${number}`;
  return chosen;
}
