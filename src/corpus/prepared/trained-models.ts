// models.jsonl of a prepared corpus: which models were trained on it. Training appends a line; `chatbot-data forget` names the
// models, because they still hold what is taken out of the corpus. It is best effort: a corpus can be read-only.

import { closeSync, constants, existsSync, fstatSync, openSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { sha256 } from '../../files/checksums.js';
import { readRegularFile, readText } from '../../files/regular-file.js';
import { isRecord } from '../../objects.js';
import { unreadable } from '../source.js';
import { manifestName, modelsName, preparedNames, trainName } from './prepared-files.js';

/** A training on the corpus. */
export interface TrainedModel {
  /** The folder of the results, absolute. */
  readonly folder: string;
  /** When it began, in ISO 8601. */
  readonly date: string;
  /** `corpusHash` at that time. */
  readonly corpus: string;
}

const longestManifest = 2 ** 26;
const longestList = 2 ** 26;
const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Tells states of a corpus apart: the SHA-256 of its manifest. */
export function corpusHash(corpus: string): string {
  return sha256(readRegularFile(join(corpus, manifestName), longestManifest));
}

/** The prepared corpora among paths: their folders, or files in them. */
export function preparedCorpora(paths: readonly string[]): string[] {
  const folders = paths.map((path) => (preparedNames.includes(basename(path)) ? dirname(path) : path));
  return [...new Set(folders.map((folder) => resolve(folder)))].filter(isPreparedCorpus);
}

export function isPreparedCorpus(folder: string): boolean {
  return [manifestName, trainName].every((name) => existsSync(join(folder, name)));
}

/** @param paths the data of a training. @param results its folder. */
export function recordTraining(paths: readonly string[], results: string): void {
  for (const corpus of preparedCorpora(paths))
    try {
      const trained = {
        folder: resolve(results),
        date: new Date().toISOString(),
        corpus: corpusHash(corpus),
      };
      if (!isRecorded(trained, trainedModels(corpus))) append(join(corpus, modelsName), trained);
    } catch {}
}

/** A run that is resumed was recorded when it began. */
function isRecorded({ folder, corpus }: TrainedModel, models: readonly TrainedModel[]): boolean {
  return models.some((model) => model.folder === folder && model.corpus === corpus);
}

/** The corpus may come from a stranger, so nothing is written through a link. */
function append(path: string, model: TrainedModel): void {
  const descriptor = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() && stats.nlink === 1) writeSync(descriptor, `${JSON.stringify(model)}\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** In the order of training. Lines that are damaged are left out. @throws UserError (data) if the file cannot be read. */
export function trainedModels(corpus: string): readonly TrainedModel[] {
  const path = join(corpus, modelsName);
  if (!existsSync(path)) return [];
  try {
    return readText(path, longestList).split('\n').flatMap(parsed);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function parsed(line: string): readonly TrainedModel[] {
  try {
    const value: unknown = JSON.parse(line);
    if (!isRecord(value)) return [];
    const { folder, date, corpus } = value;
    const areTexts = typeof folder === 'string' && typeof date === 'string' && typeof corpus === 'string';
    return areTexts ? [{ folder, date, corpus }] : [];
  } catch {
    return [];
  }
}
