// What was read of a corpus and what was not, in sentences for people.

import { oneLine } from '../quote.js';
import type { CorpusFormat } from './formats.js';
import { longestName, namesOf } from './readers/record.js';
import type { Remark, Skipped } from './tally.js';

export interface FileSummary {
  readonly path: string;
  readonly format: CorpusFormat;
  readonly dialogues: number;
  readonly turns: number;
  /** Records and lines of which nothing could be used, by reason. */
  readonly skipped: readonly Skipped[];
  /** How often something was done to a turn. */
  readonly remarks: ReadonlyMap<Remark, number>;
  /** Fields that hold something and are not read. */
  readonly unusedFields: readonly string[];
}

export interface CorpusSummary {
  readonly files: readonly FileSummary[];
  /** Files in the folders given that are of no known kind. */
  readonly skippedFiles: readonly string[];
}

const mostFields = 8;
const mostReasons = 5;

/** In the order in which they are told. */
const remarkWords: Readonly<Record<Remark, (count: number) => string>> = {
  header: () => 'the first line names the columns and is left out',
  emptyTurn: (count) =>
    `${plural(count, 'empty turn')} left out, and nothing is learnt across ${count === 1 ? 'it' : 'them'}`,
  joinedTurn: (count) => `${plural(count, 'turn')} joined with the one before, of the same speaker`,
  preference: (count) => `of ${plural(count, 'preference pair')} only the chosen answer is learnt`,
  bad: (count) => `${plural(count, 'reply', 'replies')} marked as bad and not learnt`,
  rerated: (count) => `${plural(count, 'rating')} replaced by a later one of the same reply`,
  weightless: (count) => `${plural(count, 'turn')} of weight 0 not learnt`,
  otherWeight: (count) => `${plural(count, 'weight')} other than 0 and 1 read as 1: a turn is learnt or not`,
  toolCall: (count) => `${plural(count, 'tool call')} not learnt`,
};

/** A line a file. */
export function summaryLines({ files, skippedFiles }: CorpusSummary): string[] {
  return [...files.map(fileLine), ...skippedFiles.map((path) => `${path}: skipped, no known format`)];
}

function fileLine({ path, format, dialogues, turns, skipped, remarks, unusedFields }: FileSummary): string {
  const told = (Object.keys(remarkWords) as Remark[]).flatMap((remark) => {
    const count = remarks.get(remark) ?? 0;
    return count > 0 ? remarkWords[remark](count) : [];
  });
  return [
    `${path}: ${plural(dialogues, 'dialogue')}, ${plural(turns, 'turn')} (${format})`,
    ...skippedWords(skipped),
    ...told,
    ...(unusedFields.length > 0 ? [`fields not used: ${listOfFields(unusedFields)}`] : []),
  ].join('; ');
}

/** `2 records skipped (response is null; the first in line 7)`. */
export function skippedWords(skipped: readonly Skipped[]): string[] {
  const words = skipped
    .slice(0, mostReasons)
    .map(
      ({ reason, count, line }) =>
        `${plural(count, 'record')} skipped: ${reason} (${count === 1 ? 'line' : 'first in line'} ${line})`,
    );
  const more = skipped.slice(mostReasons).reduce((sum, { count }) => sum + count, 0);
  return more > 0 ? [...words, `${plural(more, 'record')} skipped for other reasons`] : words;
}

function listOfFields(fields: readonly string[]): string {
  const more = fields.length - mostFields;
  return more > 0
    ? `${fields
        .slice(0, mostFields)
        .map((name) => oneLine(name, longestName))
        .join(', ')} and ${more} more`
    : namesOf(fields);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
