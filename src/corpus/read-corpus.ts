// Reads a corpus from files into dialogues: finds the files, recognizes their formats, reads them, and summarizes the
// result. The readers of the single formats are in readers/, their contract is reader.ts.

import { basename } from 'node:path';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Chats } from './chat/dialogues.js';
import type { ChatMessage } from './chat/message.js';
import { pauseOf } from './chat/pauses.js';
import { Aliases } from './chat/speakers.js';
import { conversationParts } from './conversation-parts.js';
import type { Dialogue } from './dialogue.js';
import type { Encoding } from './encoding.js';
import { foundFiles, type Item } from './found-files.js';
import { namedColumns } from './named-columns.js';
import { readRecords } from './read-records.js';
import { ReadableParts } from './readable-parts.js';
import type { BinarySource, Found, PlacedRecord, ReadContext, ReaderOptions, Rejected } from './reader.js';
import type { RawDialogue } from './readers/record.js';
import { binarySources, checkFormat, recordReaders } from './readers.js';
import { recognize, remedy, unknownFormat } from './recognize.js';
import { beginningOf, type SeeBytes, type Source } from './source.js';
import {
  type ChatSummary,
  type CorpusSummary,
  type FileSummary,
  plural,
  type SkippedFile,
  skippedWords,
} from './summary.js';
import { Tally } from './tally.js';
import type { TextEncoding } from './text-encodings.js';
import { openText } from './text-file.js';

export interface ReadOptions extends ReaderOptions {
  /** `auto`, or the name of a format in readers.ts. */
  readonly format: string;
  readonly encoding: TextEncoding;
  /** The pause that begins a new dialogue of a chat: `auto`, or a number with its unit, such as `30m`. */
  readonly sessionGap: string;
  /** `Bob=Robert`: Bob is another name of Robert. */
  readonly alias: readonly string[] | Aliases;
  /** The largest share of records that may be unreadable. */
  readonly maxBadRatio: number;
}

const defaults: ReadOptions = {
  format: 'auto',
  encoding: 'auto',
  sessionGap: 'auto',
  dateOrder: 'auto',
  columns: [],
  branches: 'best',
  alias: [],
  maxBadRatio: 1,
};

export interface Corpus {
  readonly dialogues: Dialogue[];
  readonly summary: CorpusSummary;
}

/**
 * Reads the dialogues of all `paths` in the given order. Each dialogue has at least two turns. The dialogues of chats come
 * last, because the messages of a chat can be in several files.
 * @param paths files, and folders and zip archives that are searched recursively.
 * @throws UserError (data) in one sentence that names the file and, if there is one, the line.
 */
export function readCorpus(paths: readonly string[], options: Partial<ReadOptions> = {}): Corpus {
  const dialogues: Dialogue[] = [];
  const summary = readDialogues(paths, options, (dialogue) => dialogues.push(dialogue));
  return { dialogues, summary };
}

/** Like `readCorpus`, but passes each dialogue to `keep` as soon as it is read, to save memory. */
export function readDialogues(
  paths: readonly string[],
  given: Partial<ReadOptions>,
  keep: (dialogue: Dialogue) => void,
  seen?: SeeBytes,
): CorpusSummary {
  const options = { ...defaults, ...given };
  checkFormat(options.format);
  namedColumns(options.columns);
  const found = foundFiles(paths, options.format, seen);
  const reading = new CorpusReading(options, keep);
  for (const item of found.items) reading.read(item);
  const chats = reading.endChats();
  const skippedFiles = [...found.skipped, ...reading.skippedFiles].sort((one, other) =>
    one.path < other.path ? -1 : 1,
  );
  if (reading.files.length === 0)
    throw reading.firstRefusal ?? nothingToRead(paths, options.format, skippedFiles);
  refuseTooManyBad(
    reading.files.map(({ tally }) => tally),
    options.maxBadRatio,
  );
  const files = reading.files.map(({ tally, ...file }) => ({ ...file, ...tallied(tally) }));
  if (files.every(({ dialogues }) => dialogues === 0)) throw nothingUsable(files);
  return { files, skippedFiles, chats };
}

/** Exports of chats hold pictures, recordings and documents. They are not read to find out whether they are text. */
const attachment =
  /\.(?:jpe?g|png|gif|webp|heic|bmp|mp4|mov|3gp|avi|mkv|webm|opus|ogg|oga|mp3|m4a|aac|amr|wav|pdf|docx?|xlsx?|pptx?|vcf|tgs|ttf|woff2?|ico|exe)$/;

/** Zip archives within zip archives, and archives of other kinds. */
const archive = /\.(?:zip|7z|rar|tar|tgz)$/;

/** Why a file that was found in a folder is skipped, by the error that it would be if people had named it. */
const skipReasons: ReadonlyMap<string, string> = new Map([
  ['corpus-not-text', 'not text'],
  ['corpus-empty', 'empty'],
  ['corpus-record-invalid', 'no record has a known shape'],
  ['corpus-format-unknown', 'unknown format'],
]);

/** What came of a file. */
type Outcome = { readonly format: string } | { readonly skipped: string };

/** A file while it is read. */
interface FileReading {
  readonly path: string;
  format: string;
  recognizedEncoding?: Encoding;
  dialogues: number;
  turns: number;
  readonly tally: Tally;
}

class CorpusReading {
  readonly files: FileReading[] = [];
  /** Only files that were found in a folder can be among them. */
  readonly skippedFiles: SkippedFile[] = [];
  /** The error of the first skipped file whose records have an unknown shape. */
  firstRefusal: UserError | undefined;
  private readonly chats = new Chats();
  private readonly aliases: Aliases;

  constructor(
    private readonly options: ReadOptions,
    private readonly keep: (dialogue: Dialogue) => void,
  ) {
    const { alias } = options;
    this.aliases = alias instanceof Aliases ? alias : new Aliases(alias);
  }

  read(item: Item): void {
    const path = item.kind === 'file' ? item.source.path : item.folder.path;
    const file: FileReading = { path, format: '', dialogues: 0, turns: 0, tally: new Tally() };
    const outcome = item.kind === 'file' ? this.readOrSkip(item, file) : item.reader;
    if (item.kind === 'folder') this.takeAll(item.reader.read(item.folder, this.context(file)), file);
    if ('skipped' in outcome) this.skippedFiles.push({ path, reason: outcome.skipped });
    else this.files.push({ ...file, format: outcome.format });
  }

  /** Reads the dialogues of all chats, after the last file. @returns null if there are no chats. */
  endChats(): ChatSummary | null {
    if (this.chats.length === 0) return null;
    const { pause, lostReplies, dialogues } = this.chats.cut(pauseOf(this.options.sessionGap));
    const files = new Map<string, FileReading | undefined>();
    for (const raw of dialogues()) {
      const path = raw.source.slice(0, raw.source.lastIndexOf(':'));
      if (!files.has(path))
        files.set(
          path,
          this.files.find((one) => one.path === path || path.startsWith(`${one.path}/`)),
        );
      const file = files.get(path);
      if (file) this.takeDialogue(raw, file);
    }
    return { pause, lostReplies, speakers: this.chats.speakers() };
  }

  private context({ tally }: FileReading): ReadContext {
    return { tally, options: this.options };
  }

  private gather(message: ChatMessage, { tally }: FileReading): void {
    if (message.kind === 'cut') tally.count('contentLeftOut');
    if (message.kind === 'aside') tally.count('noticeLeftOut');
    const name = this.aliases.of(message);
    if (name === undefined) this.chats.add(message);
    else {
      const { speakerId, ...anonymous } = message;
      this.chats.add({ ...anonymous, speaker: name });
    }
  }

  /** Folders hold other files too, such as the settings of an account. What nothing was read of is skipped. */
  private readOrSkip(item: Item & { kind: 'file' }, file: FileReading): Outcome {
    if (!item.named && attachment.test(item.source.name))
      return { skipped: 'a picture, a recording or a document' };
    if (!item.named && archive.test(item.source.name)) return { skipped: 'an archive that is not opened' };
    try {
      return { format: this.readFile(item, file) };
    } catch (thrown) {
      const reason = thrown instanceof UserError ? skipReasons.get(thrown.code) : undefined;
      if (item.named || reason === undefined || file.tally.records > file.tally.bad) throw thrown;
      if (thrown instanceof UserError && thrown.code === 'corpus-record-invalid')
        this.firstRefusal ??= thrown;
      return { skipped: reason };
    }
  }

  /** @returns the format of the file. */
  private readFile({ source, named }: Item & { kind: 'file' }, file: FileReading): string {
    const binary = binarySources.find((candidate) => begins(source, candidate));
    if (binary) {
      this.readRecords(binary.records(source, this.context(file)), recordReaders, file);
      return binary.format;
    }
    const text = openText(source, this.options.encoding);
    const recognized = recognize(text, this.options.format, named);
    if (!recognized) throw unknownFormat(text, this.options.format);
    if (this.options.encoding === 'auto' && text.encoding !== 'utf-8')
      file.recognizedEncoding = text.encoding;
    if (text.damages > 0) file.tally.count('damage', text.damages);
    if (recognized.kind === 'text') {
      this.takeAll(recognized.reader.read(text, this.context(file)), file);
      return recognized.reader.format;
    }
    const { source: records, readers } = recognized;
    const format = this.readRecords(records.records(text, this.context(file)), readers, file, records.remedy);
    return records.isNotation ? format : records.format;
  }

  private readRecords(
    records: Iterable<PlacedRecord | Rejected>,
    readers: typeof recordReaders,
    file: FileReading,
    remedy?: string,
  ): string {
    return readRecords(records, {
      readers,
      remedy,
      path: file.path,
      context: this.context(file),
      keep: (dialogue) => this.give(dialogue, file),
      gather: (message) => this.gather(message, file),
    });
  }

  private takeAll(found: Iterable<Found>, file: FileReading): void {
    const parts = new ReadableParts();
    for (const one of found)
      if ('rejected' in one) {
        const { rejected, line, error } = one;
        file.tally.skipBad(rejected, line, error?.sentence ?? `${file.path}:${line}: ${rejected}`);
        if (error) parts.refuse(error);
      } else {
        parts.add();
        file.tally.records++;
        if ('turns' in one) this.takeDialogue(one, file);
        else this.gather(one satisfies ChatMessage, file);
      }
    parts.check();
  }

  private takeDialogue({ turns, source, ...about }: RawDialogue, file: FileReading): void {
    const parts = conversationParts(turns, source, file.tally, about);
    if (parts.length === 0)
      file.tally.skip('fewer than two turns with text', Number(source.split(':').at(-1)));
    for (const part of parts) this.give(part, file);
  }

  private give(dialogue: Dialogue, file: FileReading): void {
    file.dialogues++;
    file.turns += dialogue.turns.length;
    this.keep(dialogue);
  }
}

function tallied({
  skipped,
  remarks,
  unusedFields,
  records,
  bad,
}: Tally): Pick<FileSummary, 'skipped' | 'remarks' | 'unusedFields' | 'records' | 'bad'> {
  return { skipped, remarks, unusedFields, records, bad };
}

/** @throws UserError (data) if more than a share of all records cannot be read. */
function refuseTooManyBad(tallies: readonly Tally[], most: number): void {
  const sum = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  const [records, bad] = [sum((tally) => tally.records), sum((tally) => tally.bad)];
  if (bad <= most * records) return;
  const first = tallies.find(({ firstBad }) => firstBad !== undefined)?.firstBad ?? '';
  // Rounded up, so that following the advice works.
  const enough = Math.ceil((100 * bad) / records) / 100;
  throw new UserError(
    'too-many-bad-records',
    `${bad} of ${records} records cannot be read, more than ${option('maxBadRatio', most)} allows; correct them, or leave them out with ${option('maxBadRatio', enough)}; the first: ${first}`,
  );
}

function begins(source: Source, { signature }: BinarySource): boolean {
  return beginningOf(source, signature.length).toString('latin1') === signature;
}

/** The error for folders in which no reader knows any file. */
function nothingToRead(paths: readonly string[], format: string, skipped: readonly SkippedFile[]): UserError {
  const [path = ''] = paths;
  const names = skipped.slice(0, 5).map((file) => basename(file.path));
  if (format !== 'auto')
    return new UserError(
      'corpus-format-unknown',
      `${path} has no file in the format ${format}; leave out ${option('format')} to recognize each file`,
    );
  return new UserError(
    'corpus-format-unknown',
    skipped.length === 0
      ? `${path} has no files; put conversations in it, or name another folder`
      : `${path} has no file in a known format, only ${names.join(', ')}; ${remedy}`,
  );
}

function nothingUsable(files: readonly FileSummary[]): UserError {
  const names = files.map(({ path }) => path);
  const few =
    names.length > 3
      ? `${names.slice(0, 3).join(', ')} and ${plural(names.length - 3, 'more file')}`
      : names.join(', ');
  const why = skippedWords(files.flatMap(({ skipped }) => skipped));
  return new UserError(
    'corpus-without-dialogues',
    `no dialogue in ${few} can be used (${why.join('; ') || 'none was found'}); each dialogue needs at least two turns with text`,
  );
}
