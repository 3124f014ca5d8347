// Files of texts with labels, as JSON lines: {"text": "...", "label": "unsafe"}.

import { messageOf, UserError } from '../../errors.js';
import { FileRefused, readText } from '../../files/regular-file.js';
import { isRecord } from '../../objects.js';
import { quoted } from '../../quote.js';
import type { Labelled } from './train-filter.js';

const labels = new Map<unknown, boolean>([
  ['unsafe', true],
  ['safe', false],
  [1, true],
  [0, false],
  [true, true],
  [false, false],
]);

/** With fewer texts of a label, a filter judges by accident, and the tenth that is set aside says nothing. */
const fewest = 25;

/** A text is not longer than V8 allows. */
const mostBytes = 2 ** 29 - 2 ** 10;

/** @throws UserError (data) for a line without a text and a label, and for too few texts of a label. */
export function labelledTexts(path: string): Labelled[] {
  const found = linesOf(path).flatMap((line, index) =>
    line.trim() === '' ? [] : [labelledLine(line, `${path}:${index + 1}`)],
  );
  const unsafe = found.filter(({ isUnsafe }) => isUnsafe).length;
  if (unsafe < fewest || found.length - unsafe < fewest)
    throw new UserError(
      'corpus-too-small',
      `${quoted(path)} has ${unsafe} unsafe and ${found.length - unsafe} safe texts; a filter needs at least ${fewest} of each`,
    );
  return found;
}

function linesOf(path: string): string[] {
  try {
    return readText(path, mostBytes).split('\n');
  } catch (thrown) {
    const why = thrown instanceof FileRefused ? thrown.message : `cannot be read (${messageOf(thrown)})`;
    throw new UserError(
      'input-unreadable',
      `${quoted(path)} ${why}; name a file of labelled texts in UTF-8`,
      {
        cause: thrown,
      },
    );
  }
}

function labelledLine(line: string, place: string): Labelled {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    record = undefined;
  }
  const isUnsafe = isRecord(record) ? labels.get(record.label) : undefined;
  if (!isRecord(record) || typeof record.text !== 'string' || isUnsafe === undefined)
    throw new UserError(
      'corpus-line-invalid',
      `${place}: not a text with a label; write {"text": "...", "label": "unsafe"} or "safe"`,
    );
  return { text: record.text, isUnsafe };
}
