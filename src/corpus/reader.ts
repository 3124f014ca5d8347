// The contract of everything that reads a format. There are four kinds of readers, and each reader is one file in readers/
// and one line in readers.ts. docs/data.md says how to add one.
//
//   TextReader     recognizes a text file by its beginning and reads it itself: DialoGPT lines, WhatsApp chats, ...
//   RecordSource   recognizes a file of records (JSON, CSV, Parquet) and yields them; record readers read them
//   RecordReader   recognizes a record by its fields: questions and answers, messages, a Telegram export, ...
//   FolderReader   recognizes files that belong together by their names: Cornell, a Slack export, ...
//
// Readers yield whole dialogues, or the messages of chats, of which chat/ makes dialogues.

import type { UserError } from '../errors.js';
import type { Fields } from '../objects.js';
import type { ChatMessage } from './chat/message.js';
import type { RawDialogue } from './readers/record.js';
import type { Source } from './source.js';
import type { Tally } from './tally.js';
import type { TextFile } from './text-file.js';

export type DateOrder = 'dmy' | 'mdy' | 'ymd';

/** `maybe`: the format is read as this one only if no reader is sure. */
export type Certainty = 'no' | 'maybe' | 'sure';

/** The beginning of a file. */
export interface Sample {
  /** The file name in lower case, without the extension of a compression. */
  readonly name: string;
  /** At most the first 65,536 characters. It ends at a line end unless the file has a single long line. */
  readonly text: string;
}

/** A part of a file that was left out. It is counted by its reason, which holds no text of the file. */
export interface Rejected {
  readonly rejected: string;
  /** From 1. */
  readonly line: number;
  /** The error that ends the reading if most of the file is like this. */
  readonly error?: UserError;
}

export type Found = RawDialogue | ChatMessage | Rejected;

/** How people want a format to be read, beyond what the file says. */
export interface ReaderOptions {
  /** The order of day, month and year in dates that could be read in several. */
  readonly dateOrder: DateOrder | 'auto';
  /** What the columns of tables mean (named-columns.ts): `question=Q`. */
  readonly columns: readonly string[];
  /** Which replies of a tree of messages are read: the best or current one at each step, or all. */
  readonly branches: 'best' | 'all';
}

export interface ReadContext {
  /** For remarks and unused fields. Rejected parts are yielded instead. */
  readonly tally: Tally;
  readonly options: ReaderOptions;
}

interface Format {
  /** The value of `--format`, and the name in summaries. */
  readonly format: string;
  /** What it is, in a few words for the table in docs/data.md. */
  readonly about: string;
  /** The smallest whole example: the content of its files by name. It holds at least one dialogue. */
  readonly example: Readonly<Record<string, string | Uint8Array>>;
}

export interface TextReader extends Format {
  recognizes(sample: Sample): Certainty;
  /** @throws UserError (data) only if the rest of the file cannot be read. Yields `Rejected` for a part. */
  read(file: TextFile, context: ReadContext): Iterable<Found>;
}

/** A record with the line that it begins on. A JSON object that is too large to be parsed at once is a `JsonDocument`. */
export interface PlacedRecord {
  readonly value: unknown;
  readonly line: number;
}

export interface RecordSource extends Format {
  /** Whether a summary names the file by the format of its records, because the source is only a notation. */
  readonly isNotation: boolean;
  /** What to do if the records have an unknown shape, as a clause. */
  readonly remedy?: string;
  recognizes(sample: Sample): Certainty;
  records(file: TextFile, context: ReadContext): Iterable<PlacedRecord | Rejected>;
}

/** A file of records that is not text. */
export interface BinarySource extends Format {
  /** The first bytes of every such file. */
  readonly signature: string;
  records(source: Source, context: ReadContext): Iterable<PlacedRecord | Rejected>;
}

export interface RecordPlace extends ReadContext {
  readonly path: string;
  readonly line: number;
  /** `path:line`. */
  readonly source: string;
}

interface RecordFormat extends Format {
  /** The fields of a matching record, for messages. */
  readonly expects: string;
  /** Whether a record has this shape. @param record has lower-case field names. */
  matches(record: Fields): boolean;
  /**
   * The paths of lists that can be too long for the memory, such as `messages` or `chats.list[].messages`. `read` gets them
   * as `Elements` and goes through each of them once. It reads no other lists, and `matches` looks at their first element only.
   */
  readonly longLists?: readonly string[];
  /** The names of all fields that are read in a matching record. */
  fields(record: Fields): ReadonlySet<string>;
}

/** Each record is read by itself. The weights and ratings of judgement.ts are read too, beside `fields`. */
export interface SingleRecordReader extends RecordFormat {
  /** @throws RecordError if the record cannot be used. */
  read(record: Fields, place: RecordPlace): Iterable<RawDialogue | ChatMessage>;
}

/** Dialogues are spread over several records. */
export interface GatheringReader extends RecordFormat {
  /** Called once for each file that has a matching record. */
  gather(): Gathering;
}

/** The records of a file. */
export interface Gathering {
  /** @throws RecordError if the record cannot be used. */
  add(record: Fields, place: RecordPlace): void;
  /** Call once, after the last record. */
  dialogues(): Iterable<RawDialogue>;
}

export type RecordReader = SingleRecordReader | GatheringReader;

/** Files that are read together. */
export interface Folder {
  readonly path: string;
  /** The claimed files by their path in the folder, separated by slashes. */
  readonly files: ReadonlyMap<string, Source>;
}

export interface FolderReader extends Format {
  /** Whether a file of it that people name is read by itself, because it is whole without the others. */
  readonly hasWholeFiles?: true;
  /**
   * The files that this reader reads together, or an empty list.
   * @param names the paths of all files below the folder, separated by slashes.
   */
  claims(names: readonly string[]): readonly string[];
  read(folder: Folder, context: ReadContext): Iterable<Found>;
}
