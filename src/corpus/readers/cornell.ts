// The Cornell Movie-Dialogs Corpus: a folder with movie_lines.txt and movie_conversations.txt, fields parted by
// ` +++$+++ `. It is in ISO-8859-1, read as browsers read that (Windows-1252, for its curly quotes); a copy that somebody
// made UTF-8 is known by being valid UTF-8.

import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import { linesOf, openText } from '../text-file.js';
import type { RawDialogue } from './record.js';

export const cornellFiles = { lines: 'movie_lines.txt', conversations: 'movie_conversations.txt' } as const;

const separator = ' +++$+++ ';

/** @throws UserError (data), with file and line, where a line is malformed or a conversation has a line that is missing. */
export function* readCornell(folder: string): Generator<RawDialogue> {
  const linesPath = join(folder, cornellFiles.lines);
  const path = join(folder, cornellFiles.conversations);
  const lines = new Map<string, { readonly text: string; readonly speaker: string }>();
  for (const { fields, source } of records(linesPath, 5))
    lines.set(fields[0] ?? '', { text: textOf(fields, source), speaker: fields[1] ?? '' });
  for (const { fields, source } of records(path, 4)) {
    const ids = fields[3]?.match(/[^\s'",[\]]+/g) ?? [];
    const turns = ids.map((id) => {
      const line = lines.get(id);
      if (line === undefined)
        throw new UserError(
          'corpus-line-invalid',
          `${source}: the line ${oneLine(id, 40)} is not in ${linesPath}; get both files from the same archive`,
        );
      return { ...line, supervised: true };
    });
    yield { turns, source };
  }
}

/** The fifth field and all after it: a text may hold the separator. */
function textOf(fields: readonly string[], source: string): string {
  if (!/^L\d+$/.test(fields[0] ?? ''))
    throw new UserError(
      'corpus-line-invalid',
      `${source}: expected the number of a line (L1045), found "${oneLine(fields[0] ?? '', 40)}"`,
    );
  return fields.slice(4).join(separator);
}

function* records(path: string, columns: number): Generator<{ fields: string[]; source: string }> {
  for (const { text: line, number } of linesOf(openText(path, 'Windows-1252'))) {
    // A line without words ends in the separator, whose last space is often lost.
    const fields = `${line.trimEnd()} `.split(separator).map((field) => field.trim());
    const source = `${path}:${number}`;
    if (fields.length < columns)
      throw new UserError(
        'corpus-line-invalid',
        `${source}: expected ${columns} fields parted by "${separator.trim()}", found ${fields.length} in "${oneLine(line, 40)}"`,
      );
    yield { fields, source };
  }
}
