// The corpus formats. The names are the values of `--format`.

/** qa, turns and messages are JSON lists or JSON lines. tsv is the format of DialoGPT. cornell is a folder. */
export const corpusFormats = ['qa', 'turns', 'messages', 'tsv', 'cornell'] as const;

export type CorpusFormat = (typeof corpusFormats)[number];

/** Describes every supported format; completes `convert it to ...` in messages. */
export const knownFormats =
  'JSON or JSON lines (records with text and response, turns, or messages), DialoGPT lines (source<TAB>target), or a Cornell Movie-Dialogs folder';
