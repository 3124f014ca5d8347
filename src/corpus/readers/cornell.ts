// Reads the Cornell Movie-Dialogs Corpus: a folder with movie_lines.txt and movie_conversations.txt, with fields separated
// by ` +++$+++ `. The original is labelled ISO-8859-1 but contains curly quotes, so it is read as Windows-1252, as browsers
// do. A file that is valid UTF-8 is read as UTF-8.

import { UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Folder, FolderReader, Rejected } from '../reader.js';
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

/** The two files are one corpus, so a line that is missing in one makes the conversation in the other unreadable. */
function* readCornell(folder: Folder): Generator<RawDialogue | Rejected> {
  const lines = new Map<string, { readonly text: string; readonly speaker: string }>();
  for (const record of records(folder, files.lines, 5))
    if ('rejected' in record) yield record;
    else if (!/^L\d+$/.test(record.fields[0] ?? ''))
      yield invalid(
        record,
        'a line without its number',
        `expected a line number such as L1045, found "${oneLine(record.fields[0] ?? '', 40)}"; restore the line from the original archive`,
      );
    else lines.set(record.fields[0] ?? '', { text: textOf(record), speaker: record.fields[1] ?? '' });
  for (const record of records(folder, files.conversations, 4)) {
    if ('rejected' in record) {
      yield record;
      continue;
    }
    const ids = record.fields[3]?.match(/[^\s'",[\]]+/g) ?? [];
    const missing = ids.find((id) => !lines.has(id));
    if (missing === undefined)
      yield {
        turns: ids.flatMap((id) => ({ text: '', ...lines.get(id), supervised: true })),
        source: record.source,
      };
    else
      yield invalid(
        record,
        'a conversation with a line that is missing',
        `line ${oneLine(missing, 40)} is not in ${folder.path}/${files.lines}; take both files from the same archive`,
      );
  }
}

interface CornellRecord {
  readonly fields: readonly string[];
  readonly line: number;
  /** `path:line`. */
  readonly source: string;
}

function invalid({ line, source }: Omit<CornellRecord, 'fields'>, rejected: string, what: string): Rejected {
  return { rejected, line, error: new UserError('corpus-line-invalid', `${source}: ${what}`) };
}

/** The fifth field and everything after it, because the text itself can contain the separator. */
function textOf({ fields }: CornellRecord): string {
  return fields.slice(4).join(separator);
}

function* records(
  { path: folder, files: sources }: Folder,
  name: string,
  columns: number,
): Generator<CornellRecord | Rejected> {
  const path = `${folder}/${name}`;
  const file = sources.get(name);
  if (file === undefined)
    throw new UserError('corpus-unreadable', `${path} does not exist; take both files from the same archive`);
  for (const { text: line, number } of linesOf(openText(file, 'auto', 'windows-1252'))) {
    // A line without text ends with the separator, which often lost its last space.
    const fields = `${line.trimEnd()} `.split(separator).map((field) => field.trim());
    const place = { line: number, source: `${path}:${number}` };
    yield fields.length < columns
      ? invalid(
          place,
          'a line with too few fields',
          `expected ${columns} fields separated by "${separator.trim()}", found ${fields.length} in "${oneLine(line, 40)}"; restore the line from the original archive`,
        )
      : { fields, ...place };
  }
}
