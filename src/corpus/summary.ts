// Tells people in sentences what was read from a corpus and what was not.

import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { longestName, namesOf } from './readers/record.js';
import type { Remark, Skipped } from './tally.js';

export interface FileSummary {
  readonly path: string;
  readonly format: string;
  readonly dialogues: number;
  readonly turns: number;
  /** Records and lines that could not be used, grouped by reason. */
  readonly skipped: readonly Skipped[];
  /** How often each remark was made. */
  readonly remarks: ReadonlyMap<Remark, number>;
  /** Fields that have a value but that no reader reads. */
  readonly unusedFields: readonly string[];
}

export interface CorpusSummary {
  readonly files: readonly FileSummary[];
  /** Files of unknown format in the given folders. */
  readonly skippedFiles: readonly string[];
}

const mostFields = 8;
const mostReasons = 5;

/** In the order in which the summary line lists them. */
const remarkWords: Readonly<Record<Remark, (count: number) => string>> = {
  windows1252: () =>
    `read as Windows-1252, because it is not UTF-8 (${option('encoding', 'utf-8')} refuses it)`,
  header: () => 'the first line names the columns and was skipped',
  emptyTurn: (count) =>
    `${plural(count, 'empty turn')} removed, and no reply is learned across ${count === 1 ? 'the gap' : 'the gaps'}`,
  joinedTurn: (count) => `${plural(count, 'turn')} joined with the previous turn of the same speaker`,
  preference: (count) => `${plural(count, 'preference pair')}, of which only the chosen answer is learned`,
  separator: (count) => `the separator after ${plural(count, 'prompt')} removed`,
  persona: (count) => `${plural(count, 'persona line')} kept beside the dialogues and not learned`,
  privateNote: (count) => `${plural(count, 'private note')} left out`,
  otherReply: (count) => `${plural(count, 'other reply', 'other replies')} to the same message left out`,
  cutShort: () => 'the export is cut short: it has fewer messages than it says',
  bad: (count) => `${plural(count, 'reply', 'replies')} marked as bad and not learned`,
  rerated: (count) => `${plural(count, 'rating')} replaced by a later rating of the same reply`,
  weightless: (count) => `${plural(count, 'turn')} with weight 0 not learned`,
  otherWeight: (count) =>
    `${plural(count, 'weight')} other than 0 and 1 treated as 1 (a turn is either learned or not)`,
  toolCall: (count) => `${plural(count, 'tool call')} not learned`,
};

/** One line per file. */
export function summaryLines({ files, skippedFiles }: CorpusSummary): string[] {
  return [...files.map(fileLine), ...skippedFiles.map((path) => `${path}: skipped, unknown format`)];
}

function fileLine({ path, format, dialogues, turns, skipped, remarks, unusedFields }: FileSummary): string {
  const notes = (Object.keys(remarkWords) as Remark[]).flatMap((remark) => {
    const count = remarks.get(remark) ?? 0;
    return count > 0 ? remarkWords[remark](count) : [];
  });
  return [
    `${path}: ${plural(dialogues, 'dialogue')}, ${plural(turns, 'turn')} (${format})`,
    ...skippedWords(skipped),
    ...notes,
    ...(unusedFields.length > 0 ? [`fields not used: ${listOfFields(unusedFields)}`] : []),
  ].join('; ');
}

/** Clauses such as `2 records skipped: response is null (first on line 7)`. */
export function skippedWords(skipped: readonly Skipped[]): string[] {
  const words = skipped
    .slice(0, mostReasons)
    .map(
      ({ reason, count, line }) =>
        `${plural(count, 'record')} skipped: ${reason} (${count === 1 ? 'line' : 'first on line'} ${line})`,
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
