// Conversations in files: `/save`, `/load`, and the ratings of `/good` and `/bad`. They are appended as lines of JSON that
// `chatbot-train --data` reads; what the file already contains is kept.

import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { readCorpus } from '../../corpus/read-corpus.js';
import { readCorpusText } from '../../corpus/text-file.js';
import { UserError } from '../../errors.js';
import { AppendFile } from '../../files/append-file.js';

export interface DialogueLine {
  readonly turns: readonly string[];
  readonly rating?: 'good' | 'bad';
}

/**
 * Appends a line to a file and creates it if necessary.
 * @throws UserError when the file contains anything but such lines or cannot be written; it is left as it is.
 */
export function addDialogue(path: string, dialogue: DialogueLine): void {
  if (extname(path).toLowerCase() === '.tsv')
    throw new UserError(
      'transcript-name-invalid',
      `${path} would be read as DialoGPT lines; use a name that ends in .jsonl`,
    );
  const lineBreak = isOpenEnded(path) ? '\n' : '';
  const file = new AppendFile(path, 0o700);
  try {
    file.append(Buffer.from(`${lineBreak}${JSON.stringify(dialogue)}\n`));
  } finally {
    file.close();
  }
}

/** Whether the last line lacks its line break. */
function isOpenEnded(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || (stats.isFile() && stats.size === 0)) return false;
  readCorpus([path], { format: 'turns', encoding: 'utf-8' });
  const text = readCorpusText(path, 'utf-8');
  if (text.trimStart().startsWith('['))
    throw new UserError(
      'corpus-not-appendable',
      `${path} is a JSON list, and a line cannot be appended to it; choose another name`,
    );
  return !text.endsWith('\n');
}

export interface LoadedDialogue {
  readonly turns: readonly string[];
  /** `chats.jsonl:12`. */
  readonly source: string;
  /** Whether system messages or tool results were left out: a conversation here has two speakers. */
  readonly hadInstructions: boolean;
  /** Whether an opening of the assistant was left out: here the person speaks first. */
  readonly hadOpening: boolean;
}

/** The last dialogue of a corpus file of any format. @throws UserError (data) when there is none. */
export function lastDialogue(path: string): LoadedDialogue {
  const dialogue = readCorpus([path]).dialogues.at(-1);
  if (dialogue === undefined) throw new UserError('corpus-empty', `${path} contains no conversation`);
  const spoken = dialogue.turns.filter(({ role }) => role !== 'system' && role !== 'tool');
  const hadOpening = spoken[0]?.role === 'assistant';
  return {
    turns: spoken.slice(hadOpening ? 1 : 0).map(({ text }) => text),
    source: dialogue.source,
    hadInstructions: spoken.length < dialogue.turns.length,
    hadOpening,
  };
}
