// Tells people in sentences what was read from a corpus and what was not.

import { option } from '../option-names.js';
import { oneLine } from '../quote.js';
import { type Pause, pauseWords } from './chat/pauses.js';
import type { SpeakerCount } from './chat/speakers.js';
import { type Encoding, encodingNames } from './encoding.js';
import { longestName, namesOf } from './readers/record.js';
import type { Remark, Skipped } from './tally.js';

export interface FileSummary {
  readonly path: string;
  readonly format: string;
  /** Set if the file is not UTF-8 and its encoding was recognized. */
  readonly recognizedEncoding?: Encoding | undefined;
  readonly dialogues: number;
  readonly turns: number;
  /** Records and lines that could not be used, grouped by reason. */
  readonly skipped: readonly Skipped[];
  /** How often each remark was made. */
  readonly remarks: ReadonlyMap<Remark, number>;
  /** Fields that have a value but that no reader reads. */
  readonly unusedFields: readonly string[];
  /** Records, lines and messages that were looked at, and how many of them cannot be read. */
  readonly records: number;
  readonly bad: number;
}

/** What was found in chats, of all files together. */
export interface ChatSummary {
  /** Null if no message has a time. */
  readonly pause: Pause | null;
  /** Messages that answer one that is missing or has no text. */
  readonly lostReplies: number;
  /** The most talkative first. */
  readonly speakers: readonly SpeakerCount[];
}

/** A file in a folder or an archive that was not read. */
export interface SkippedFile {
  readonly path: string;
  /** In words that fit many files: `unknown format`. */
  readonly reason: string;
}

export interface CorpusSummary {
  readonly files: readonly FileSummary[];
  /** Sorted by path. */
  readonly skippedFiles: readonly SkippedFile[];
  /** Null if there are no chats. */
  readonly chats: ChatSummary | null;
}

const mostFields = 8;
/** Of files that are skipped for the same reason. */
const mostPaths = 3;
const mostReasons = 5;

/** In the order in which the summary line lists them. */
const remarkWords: Readonly<Record<Remark, (count: number) => string>> = {
  damage: (count) =>
    `${plural(count, 'character')} invalid in the encoding of the file and replaced by U+FFFD`,
  loneSurrogate: (count) =>
    `${plural(count, 'half of a character', 'halves of characters')} replaced by U+FFFD`,
  header: () => 'the first line names the columns and was skipped',
  emptyTurn: (count) =>
    `${plural(count, 'empty turn')} removed, and no reply is learned across ${count === 1 ? 'the gap' : 'the gaps'}`,
  joinedTurn: (count) => `${plural(count, 'turn')} joined with the previous turn of the same speaker`,
  joinedSlice: (count) =>
    `${plural(count, 'slice')} of a longer conversation joined with the slice before, as ${count === 1 ? 'its id says' : 'their ids say'}`,
  preference: (count) => `${plural(count, 'preference pair')}, of which only the chosen answer is learned`,
  separator: (count) => `the separator after ${plural(count, 'prompt')} removed`,
  persona: (count) => `${plural(count, 'persona line')} kept beside the dialogues and not learned`,
  privateNote: (count) => `${plural(count, 'private note')} left out`,
  mailCut: (count) => `quoted mail or the signature cut off from ${plural(count, 'message')}`,
  otherReply: (count) =>
    `${plural(count, 'other reply', 'other replies')} to the same message left out (${option('branches', 'all')} reads ${count === 1 ? 'it' : 'them'})`,
  cutShort: () => 'the export is cut short: it has fewer messages than it says',
  bad: (count) => `${plural(count, 'reply', 'replies')} marked as bad and not learned`,
  rerated: (count) => `${plural(count, 'rating')} replaced by a later rating of the same reply`,
  weightless: (count) => `${plural(count, 'turn')} with weight 0 not learned`,
  otherWeight: (count) =>
    `${plural(count, 'weight')} other than 0 and 1 treated as 1 (a turn is either learned or not)`,
  toolCall: (count) => `${plural(count, 'tool call')} not learned`,
  contentLeftOut: (count) =>
    `${plural(count, 'message')} without text, such as pictures, left out, and no reply is learned across them`,
  noticeLeftOut: (count) => `${plural(count, 'sticker or notice', 'stickers and notices')} left out`,
  pastedLine: (count) =>
    `${plural(count, 'line')} that ${count === 1 ? 'looks like a message' : 'look like messages'} of another chat kept as part of the message before`,
  dayFirst: () =>
    `dates read with the day first, although nothing shows the order (${option('dateOrder', 'mdy')} if the month is first)`,
  monthFirst: () =>
    `dates read with the month first, although nothing shows the order (${option('dateOrder', 'dmy')} if the day is first)`,
};

/** One line per file. */
export function summaryLines({ files, skippedFiles, chats }: CorpusSummary): string[] {
  return [...files.map(fileLine), ...(chats ? chatLines(chats) : []), ...skippedLines(skippedFiles)];
}

/** An export of a chat can hold thousands of pictures, so many files of one reason share a line. */
function skippedLines(files: readonly SkippedFile[]): string[] {
  const reasons = [...new Set(files.map(({ reason }) => reason))];
  return reasons.flatMap((reason) => {
    const paths = files.filter((file) => file.reason === reason).map(({ path }) => path);
    const more = paths.length - mostPaths;
    return more > 0
      ? [
          `${plural(paths.length, 'file')} skipped, ${reason}: ${paths.slice(0, mostPaths).join(', ')} and ${more} more`,
        ]
      : paths.map((path) => `${path}: skipped, ${reason}`);
  });
}

function chatLines({ pause, lostReplies }: ChatSummary): string[] {
  const lost =
    lostReplies === 0
      ? []
      : [
          `${plural(lostReplies, 'message')} of chats ${lostReplies === 1 ? 'answers one that is missing or has' : 'answer ones that are missing or have'} no text, and ${lostReplies === 1 ? 'is' : 'are'} context only`,
        ];
  return pause ? [pauseLine(pause), ...lost] : lost;
}

function pauseLine({ milliseconds, reason }: Pause): string {
  const cut = `chats are cut into dialogues at pauses of more than ${pauseWords(milliseconds)}`;
  if (reason === 'given') return cut;
  const why =
    reason === 'valley'
      ? 'which lies between the pauses within dialogues and those between them'
      : 'because their pauses show no clear gap';
  return `${cut}, ${why} (${option('sessionGap')} changes it)`;
}

function fileLine({
  path,
  format,
  recognizedEncoding,
  dialogues,
  turns,
  skipped,
  remarks,
  unusedFields,
}: FileSummary): string {
  const notes = (Object.keys(remarkWords) as Remark[]).flatMap((remark) => {
    const count = remarks.get(remark) ?? 0;
    return count > 0 ? remarkWords[remark](count) : [];
  });
  return [
    `${path}: ${plural(dialogues, 'dialogue')}, ${plural(turns, 'turn')} (${format})`,
    ...(recognizedEncoding === undefined ? [] : [encodingWords(recognizedEncoding)]),
    ...skippedWords(skipped),
    ...notes,
    ...(unusedFields.length > 0 ? [`fields not used: ${listOfFields(unusedFields)}`] : []),
  ].join('; ');
}

function encodingWords(encoding: Encoding): string {
  return `read as ${encodingNames[encoding]}, because it is not UTF-8 (${option('encoding')} chooses another encoding)`;
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
