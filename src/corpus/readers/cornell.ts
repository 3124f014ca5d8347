// The Cornell Movie-Dialogs Corpus: a folder with movie_lines.txt and movie_conversations.txt, fields parted by
// ` +++$+++ `. It is in ISO-8859-1, read as browsers read that (Windows-1252, for its curly quotes); a copy that somebody
// made UTF-8 is known by being valid UTF-8.

import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Dialogue } from '../dialogue.js';
import { linesOf, openText } from '../text-file.js';

export const cornellFiles = { lines: 'movie_lines.txt', conversations: 'movie_conversations.txt' } as const;

const separator = ' +++$+++ ';

/** @throws UserError (data), with file and line, where a line is malformed or a conversation has a line that is missing. */
export function* readCornell(folder: string): Generator<Dialogue> {
  const linesPath = join(folder, cornellFiles.lines);
  const path = join(folder, cornellFiles.conversations);
  const texts = new Map<string, string>();
  for (const { fields, source } of records(linesPath, 5)) texts.set(fields[0] ?? '', textOf(fields, source));
  for (const { fields, source } of records(path, 4)) {
    const ids = fields[3]?.match(/[^\s'",[\]]+/g) ?? [];
    const turns = ids.map((id) => {
      const text = texts.get(id);
      if (text === undefined)
        throw new UserError(
          'corpus-line-invalid',
          `${source}: the line ${oneLine(id, 40)} is not in ${linesPath}; get both files from the same archive`,
        );
      return { text, supervised: true };
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
