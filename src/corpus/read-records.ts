// Reads the records of a file into dialogues. A record that cannot be read is skipped and counted with its reason.
// A file is refused if at least half of its records have an unknown shape, because it is probably not a corpus.

import { UserError } from '../errors.js';
import { type Fields, isRecord } from '../objects.js';
import type { ChatMessage } from './chat/message.js';
import { conversationParts } from './conversation-parts.js';
import type { Dialogue } from './dialogue.js';
import { joinedSlices } from './joined-slices.js';
import { Ratings } from './ratings.js';
import { ReadableParts } from './readable-parts.js';
import type {
  Gathering,
  GatheringReader,
  PlacedRecord,
  ReadContext,
  RecordPlace,
  RecordReader,
  Rejected,
  SingleRecordReader,
} from './reader.js';
import { JsonDocument } from './readers/json-document.js';
import { judged, judgementFields } from './readers/judgement.js';
import { inLowerCase, isNothing, type RawDialogue, RecordError } from './readers/record.js';
import { wrongRecord } from './readers/wrong-record.js';
import type { Tally } from './tally.js';

/** Lists of records within records are searched to this depth. */
const deepest = 3;

export interface RecordReading {
  readonly readers: readonly RecordReader[];
  /** What to do if the records have an unknown shape, as a clause. */
  readonly remedy?: string | undefined;
  readonly path: string;
  readonly context: ReadContext;
  keep(dialogue: Dialogue): void;
  gather(message: ChatMessage): void;
}

/**
 * Passes each dialogue to `keep` and each message of a chat to `gather`.
 * @returns the format of the first record that was read.
 * @throws UserError (data) if the file holds no records, or if at least half of them have an unknown shape.
 */
export function readRecords(records: Iterable<PlacedRecord | Rejected>, reading: RecordReading): string {
  const file = new RecordFile(reading);
  for (const record of joinedSlices(records, reading.context.tally))
    if ('rejected' in record) file.reject(record);
    else file.read(record);
  return file.end();
}

class RecordFile {
  private readonly ratings: Ratings;
  private readonly tally: Tally;
  private format: string | undefined;
  private readonly parts: ReadableParts;
  private readonly gatherings = new Map<GatheringReader, Gathering>();
  /** Records that are strings are the turns of one dialogue. */
  private readonly strings: { readonly texts: string[]; line: number } = { texts: [], line: 0 };

  constructor(private readonly reading: RecordReading) {
    this.tally = reading.context.tally;
    this.parts = new ReadableParts(reading.remedy);
    this.ratings = new Ratings((dialogue) => reading.keep(dialogue), this.tally);
  }

  reject({ rejected, line, error }: Rejected): void {
    this.tally.skipBad(rejected, line, error?.sentence ?? `${this.reading.path}:${line}: ${rejected}`);
    if (error === undefined) this.parts.add();
    else this.parts.refuse(error);
  }

  read({ value, line }: PlacedRecord): void {
    if (typeof value === 'string') {
      if (this.strings.texts.length === 0) this.strings.line = line;
      this.strings.texts.push(value);
      return;
    }
    try {
      this.add(value, line);
      this.parts.add();
      this.tally.records++;
    } catch (thrown) {
      if (!(thrown instanceof RecordError)) throw thrown;
      this.leaveOut(thrown, line);
      if (thrown.kind === 'content') this.parts.add();
      else
        this.parts.refuse(
          new UserError('corpus-record-invalid', `${this.reading.path}:${line}: ${thrown.detail}`),
        );
    }
  }

  /** Call once, after the last record. @returns the format of the first record that was read. */
  end(): string {
    const { strings } = this;
    if (strings.texts.length > 0) this.read({ value: { turns: strings.texts }, line: strings.line });
    if (this.parts.count === 0)
      throw new UserError('corpus-empty', `${this.reading.path} has no records; add conversations to it`);
    this.parts.check();
    for (const gathering of this.gatherings.values())
      for (const dialogue of gathering.dialogues()) this.takeDialogue(dialogue, {});
    this.ratings.end();
    return this.format ?? 'json';
  }

  private add(value: unknown, line: number, depth = 0): void {
    if (value instanceof JsonDocument) {
      this.addDocument(value, line, depth);
      return;
    }
    const { readers } = this.reading;
    // A list is a conversation: its elements are messages or texts.
    const record = Array.isArray(value)
      ? { messages: value }
      : isRecord(value)
        ? inLowerCase(value)
        : undefined;
    const reader = record && readers.find((candidate) => candidate.matches(record));
    const inner = isRecord(value) && !reader && depth < deepest ? recordsWithin(value, readers) : [];
    if (inner.length > 0) {
      for (const one of inner) this.addInner(one, line, depth + 1);
      return;
    }
    if (!reader) throw wrongRecord(value, readers);
    this.noteUnused(record, reader);
    this.takeRecord(reader, record, line);
  }

  /** An object that is too large to be parsed at once is read in parts, if its reader can do that, with the same result. */
  private addDocument(document: JsonDocument, line: number, depth: number): void {
    const { readers } = this.reading;
    const preview = document.preview && inLowerCase(document.preview);
    const reader = preview && readers.find((candidate) => candidate.matches(preview));
    const inner = reader || depth === deepest ? undefined : recordsOfDocument(document, readers);
    if (inner) for (const one of inner) this.addInner(one, line, depth + 1);
    else if (preview && reader?.longLists) {
      this.noteUnused(preview, reader);
      try {
        this.takeRecord(reader, inLowerCase(document.fields(reader.longLists)), line);
      } catch (thrown) {
        if (thrown instanceof RecordError) document.finish();
        throw thrown;
      }
    } else {
      this.add(document.whole(), line, depth);
      return;
    }
    document.finish();
  }

  private takeRecord(reader: RecordReader, record: Fields, line: number): void {
    this.format ??= reader.format;
    const { path, context } = this.reading;
    const place = { ...context, path, line, source: `${path}:${line}` };
    if ('gather' in reader) this.gatheringOf(reader).add(record, place);
    else this.take(reader, record, place);
  }

  private gatheringOf(reader: GatheringReader): Gathering {
    const gathering = this.gatherings.get(reader) ?? reader.gather();
    this.gatherings.set(reader, gathering);
    return gathering;
  }

  /** A record within a record. Only the outer one counts as read. */
  private addInner(value: unknown, line: number, depth: number): void {
    try {
      this.add(value, line, depth);
    } catch (thrown) {
      if (!(thrown instanceof RecordError)) throw thrown;
      this.leaveOut(thrown, line);
    }
  }

  /** A record of an unknown shape is bad. One that has nothing to learn is only left out. */
  private leaveOut({ kind, reason, detail }: RecordError, line: number): void {
    if (kind === 'shape') this.tally.skipBad(reason, line, `${this.reading.path}:${line}: ${detail}`);
    else {
      this.tally.records++;
      this.tally.skip(reason, line);
    }
  }

  private take(reader: SingleRecordReader, record: Fields, place: RecordPlace): void {
    let [dialogues, messages] = [0, 0];
    for (const found of reader.read(record, place)) {
      if ('turns' in found) dialogues += this.takeDialogue(found, record);
      else {
        this.reading.gather(found);
        messages++;
      }
    }
    if (dialogues + messages === 0) throw new RecordError('content', 'fewer than two turns with text');
  }

  /** @returns the number of dialogues. */
  private takeDialogue({ turns, source, ...about }: RawDialogue, record: Fields): number {
    const { turns: said, verdict } = judged(turns, record, this.tally);
    const parts = conversationParts(said, source, this.tally, about);
    for (const [index, dialogue] of parts.entries())
      this.ratings.add(dialogue, index === parts.length - 1 ? verdict : undefined);
    return parts.length;
  }

  private noteUnused(record: Fields, reader: RecordReader): void {
    const fields = reader.fields(record);
    const isRead = (field: string) =>
      fields.has(field) || (!('gather' in reader) && judgementFields.includes(field));
    for (const field of Object.keys(record))
      if (!isRead(field) && !isNothing(record[field])) this.tally.unused(field);
  }
}

/**
 * The records that an object holds although it is none itself: in one of its lists, as in `{"data": [...]}`, or as all of
 * its values, as in `{"dialogue-1": {...}, "dialogue-2": {...}}`.
 */
function recordsWithin(record: Fields, readers: readonly RecordReader[]): readonly unknown[] {
  const lowered = inLowerCase(record);
  const list = listOfRecords(lowered, readers);
  if (list !== undefined) return lowered[list] as readonly unknown[];
  const values = Object.values(record);
  return values.every((value) => isKnown(value, readers)) ? values : [];
}

/** As `recordsWithin`, for an object that is not in memory. */
function recordsOfDocument(
  document: JsonDocument,
  readers: readonly RecordReader[],
): Iterable<unknown> | undefined {
  const { preview } = document;
  const list = preview ? listOfRecords(inLowerCase(preview), readers) : undefined;
  if (list !== undefined) return document.list(list);
  const values = preview ? Object.values(preview) : document.values();
  let count = 0;
  for (const value of values) {
    const known = value instanceof JsonDocument ? value.preview : value;
    if (!isKnown(known, readers)) return undefined;
    count++;
  }
  return count > 0 ? document.values() : undefined;
}

/** The name of the only list of records. */
function listOfRecords(record: Fields, readers: readonly RecordReader[]): string | undefined {
  const lists = Object.keys(record).filter((name) => {
    const value = record[name];
    return Array.isArray(value) && isKnown(value[0], readers);
  });
  return lists.length === 1 ? lists[0] : undefined;
}

function isKnown(value: unknown, readers: readonly RecordReader[]): boolean {
  return isRecord(value) && readers.some((reader) => reader.matches(inLowerCase(value)));
}
