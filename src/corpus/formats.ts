// The corpus formats. The names are the values of `--format`.

/** qa, turns and messages are JSON lists or JSON lines. tsv is the format of DialoGPT. cornell is a folder. */
export const corpusFormats = ['qa', 'turns', 'messages', 'tsv', 'cornell'] as const;

/** How `--encoding` names the encodings of text files; `auto` is UTF-8, or Windows-1252 if a file cannot be UTF-8. */
export const textEncodings = ['auto', 'utf-8', 'windows-1252'] as const;

export type TextEncoding = (typeof textEncodings)[number];

export type CorpusFormat = (typeof corpusFormats)[number];

/** Describes every supported format; completes `convert it to ...` in messages. */
export const knownFormats =
  'JSON or JSON lines (records with text and response, turns, or messages), DialoGPT lines (source<TAB>target), or a Cornell Movie-Dialogs folder';
