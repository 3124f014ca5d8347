// The files of a prepared corpus. prepare/ writes them; training and the reader `prepared` read them.

/** What is in the corpus and how it was made: manifest.ts in prepare/. It is written last. */
export const manifestName = 'manifest.json';
/** Dialogues, one a line (prepared-dialogue.ts). */
export const trainName = 'train.jsonl.gz';
export const evalName = 'eval.jsonl.gz';
/** Dialogues that were dropped, with the rule that dropped them and its reason. */
export const rejectedName = 'rejected.jsonl';
