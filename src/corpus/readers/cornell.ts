// Reads the Cornell Movie-Dialogs Corpus: a folder with movie_lines.txt and movie_conversations.txt, with fields separated
// by ` +++$+++ `. The original is labelled ISO-8859-1 but contains curly quotes, so it is read as Windows-1252, as browsers
// do. A file that is valid UTF-8 is read as UTF-8.

import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Folder, FolderReader } from '../reader.js';
import { linesOf, openText } from '../text-file.js';
import type { RawDialogue } from './record.js';

const files = { lines: 'movie_lines.txt', conversations: 'movie_conversations.txt' } as const;

const separator = ' +++$+++ ';

export const cornell: FolderReader = {
  format: 'cornell',
  about: 'the Cornell Movie-Dialogs Corpus: a folder with movie_lines.txt and movie_conversations.txt',
  example: {
    [files.lines]:
      'L1 +++$+++ u0 +++$+++ m0 +++$+++ ANN +++$+++ Ready?\nL2 +++$+++ u1 +++$+++ m0 +++$+++ BOB +++$+++ Yes.\n',
    [files.conversations]: "u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L1', 'L2']\n",
  },
  claims: (names) => {
    const needed = Object.values(files);
    return needed.every((name) => names.includes(name)) ? needed : [];
  },
  read: readCornell,
};

/** @throws UserError (data) with file and line if a line is malformed or a conversation refers to a missing line. */
function* readCornell(folder: Folder): Generator<RawDialogue> {
  const lines = new Map<string, { readonly text: string; readonly speaker: string }>();
  for (const { fields, source } of records(folder, files.lines, 5))
    lines.set(fields[0] ?? '', { text: textOf(fields, source), speaker: fields[1] ?? '' });
  for (const { fields, source } of records(folder, files.conversations, 4)) {
    const ids = fields[3]?.match(/[^\s'",[\]]+/g) ?? [];
    const turns = ids.map((id) => {
      const line = lines.get(id);
      if (line === undefined)
        throw new UserError(
          'corpus-line-invalid',
          `${source}: line ${oneLine(id, 40)} is not in ${folder.path}/${files.lines}; take both files from the same archive`,
        );
      return { ...line, supervised: true };
    });
    yield { turns, source };
  }
}

/** The fifth field and everything after it, because the text itself can contain the separator. */
function textOf(fields: readonly string[], source: string): string {
  if (!/^L\d+$/.test(fields[0] ?? ''))
    throw new UserError(
      'corpus-line-invalid',
      `${source}: expected a line number such as L1045, found "${oneLine(fields[0] ?? '', 40)}"; restore the line from the original archive`,
    );
  return fields.slice(4).join(separator);
}

function* records(
  { path: folder, files: sources }: Folder,
  name: string,
  columns: number,
): Generator<{ fields: string[]; source: string }> {
  const path = `${folder}/${name}`;
  const file = sources.get(name);
  if (file === undefined)
    throw new UserError('corpus-unreadable', `${path} does not exist; take both files from the same archive`);
  for (const { text: line, number } of linesOf(openText(file, 'auto', 'windows-1252'))) {
    // A line without text ends with the separator, which often lost its last space.
    const fields = `${line.trimEnd()} `.split(separator).map((field) => field.trim());
    const source = `${path}:${number}`;
    if (fields.length < columns)
      throw new UserError(
        'corpus-line-invalid',
        `${source}: expected ${columns} fields separated by "${separator.trim()}", found ${fields.length} in "${oneLine(line, 40)}"; restore the line from the original archive`,
      );
    yield { fields, source };
  }
}
