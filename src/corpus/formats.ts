// The formats that a corpus can be in, as `--format` names them.

/** qa, turns and messages are JSON, as a list or in lines; tsv is DialoGPT's; cornell is a folder. */
export const corpusFormats = ['qa', 'turns', 'messages', 'tsv', 'cornell'] as const;

export type CorpusFormat = (typeof corpusFormats)[number];

/** For messages: what a person may bring. */
export const knownFormats =
  'JSON or JSON lines (records with text and response, with turns, or with messages), DialoGPT lines (source<TAB>target), or a Cornell Movie-Dialogs folder';
