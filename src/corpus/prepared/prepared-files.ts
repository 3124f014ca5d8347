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

/** The data card, as people and the Hugging Face hub expect it. */
export const cardName = 'README.md';
/** Which models were trained on the corpus, one a line. chatbot-train appends to it. */
export const modelsName = 'models.jsonl';
/** Who must stay out if the corpus is prepared again. */
export const forgottenName = 'forgotten.json';

/** Files that stay when the corpus in a folder is replaced. */
export const lastingNames: readonly string[] = [modelsName, forgottenName];

/**
 * A folder with what each source became (prepare/kept-sources.ts), so that unchanged sources need not be read again. It is
 * hidden, so that no reader takes it for conversations, and it is safe to delete.
 */
export const keptSourcesName = '.sources';

/** All files of a prepared corpus. */
export const preparedNames: readonly string[] = [
  manifestName,
  trainName,
  evalName,
  rejectedName,
  reportName,
  cardName,
  ...lastingNames,
];

/** The evaluation parts of the prepared corpora among `paths`. */
export function evaluationParts(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => existsSync(join(path, manifestName)) && existsSync(join(path, trainName)))
    .map((path) => join(path, evalName))
    .filter(existsSync);
}
