// The files of a prepared corpus. prepare/ writes them; training and the reader `prepared` read them.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What is in the corpus and how it was made: manifest.ts in prepare/. It is written last. */
export const manifestName = 'manifest.json';
/** Dialogues, one a line (prepared-dialogue.ts). */
export const trainName = 'train.jsonl.gz';
export const evalName = 'eval.jsonl.gz';
/** Dialogues that were dropped, with the rule that dropped them and its reason. */
export const rejectedName = 'rejected.jsonl';
/** What each rule did, for people. */
export const reportName = 'report.html';

/** All files of a prepared corpus. */
export const preparedNames: readonly string[] = [manifestName, trainName, evalName, rejectedName, reportName];

/** The evaluation parts of the prepared corpora among `paths`. */
export function evaluationParts(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => existsSync(join(path, manifestName)) && existsSync(join(path, trainName)))
    .map((path) => join(path, evalName))
    .filter(existsSync);
}
