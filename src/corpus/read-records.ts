// Reads the JSON records of a file into dialogues. A record that cannot be read is skipped and counted with its reason.
// A file is refused if at least half of its records have an unknown shape, because it is probably not a corpus.

import { UserError } from '../errors.js';
import { type Fields, isRecord } from '../objects.js';
import { conversationParts } from './conversation-parts.js';
import type { Dialogue } from './dialogue.js';
import type { CorpusFormat } from './formats.js';
import { Ratings } from './ratings.js';
import type { JsonRecord } from './readers/json-text.js';
import { judged, judgementFields } from './readers/judgement.js';
import { messages } from './readers/messages.js';
import { qaPairs } from './readers/qa-pairs.js';
import { inLowerCase, isNothing, RecordError, type RecordReader } from './readers/record.js';
import { turns } from './readers/turns.js';
import { wrongRecord } from './readers/wrong-record.js';
import type { Tally } from './tally.js';

const allReaders: readonly RecordReader[] = [qaPairs, turns, messages];

/** If the first 100 records all have an unknown shape, the file is refused without reading the rest. */
const enoughToRefuse = 100;

/**
 * Passes each dialogue to `keep`.
 * @param wanted the only format to read, or `json` for all JSON formats.
 * @returns the format of the first record that was read.
 * @throws UserError (data) if the file holds no records, or if at least half of them have an unknown shape.
 */
export function readRecords(
  records: Iterable<JsonRecord>,
  path: string,
  wanted: CorpusFormat | 'json',
  tally: Tally,
  keep: (dialogue: Dialogue) => void,
): CorpusFormat {
  const readers = allReaders.filter(({ format }) => wanted === 'json' || wanted === format);
  const file = new RecordFile(readers, path, tally, keep);
  for (const record of records) file.read(record);
  return file.end();
}

class RecordFile {
  private readonly ratings: Ratings;
  private format: CorpusFormat | undefined;
  private known = 0;
  private unknown = 0;
  private refusal: string | undefined;

  constructor(
    private readonly readers: readonly RecordReader[],
    private readonly path: string,
    private readonly tally: Tally,
    keep: (dialogue: Dialogue) => void,
  ) {
    this.ratings = new Ratings(keep, tally);
  }

  read({ value, line }: JsonRecord): void {
    try {
      this.add(value, line);
      this.known++;
    } catch (thrown) {
      if (!(thrown instanceof RecordError)) throw thrown;
      this.tally.skip(thrown.reason, line);
      if (thrown.kind === 'content') this.known++;
      else {
        this.unknown++;
        this.refusal ??= `${this.path}:${line}: ${thrown.detail}`;
      }
      if (this.known === 0 && this.unknown >= enoughToRefuse) this.end();
    }
  }

  /** Call once, after the last record. @returns the format of the first record that was read. */
  end(): CorpusFormat {
    const { known, unknown, path, refusal } = this;
    if (known + unknown === 0)
      throw new UserError('corpus-empty', `${path} contains an empty list; add conversations to it`);
    if (refusal !== undefined && unknown >= known) {
      const others = known === 0 ? '' : ` (${unknown} of ${known + unknown} records cannot be read)`;
      throw new UserError('corpus-record-invalid', `${refusal}${others}`);
    }
    this.ratings.end();
    return this.format ?? 'qa';
  }

  private add(value: unknown, line: number): void {
    const record = isRecord(value) ? inLowerCase(value) : undefined;
    const reader = record && this.readers.find((candidate) => candidate.matches(record));
    if (!reader) throw wrongRecord(value, this.readers);
    this.format ??= reader.format;
    this.noteUnused(record, reader);
    const { turns: said, verdict } = judged(reader.turns(record, this.tally), record, this.tally);
    const parts = conversationParts(said, `${this.path}:${line}`, this.tally);
    if (parts.length === 0) throw new RecordError('content', 'fewer than two turns with text');
    for (const [index, dialogue] of parts.entries())
      this.ratings.add(dialogue, index === parts.length - 1 ? verdict : undefined);
  }

  private noteUnused(record: Fields, reader: RecordReader): void {
    const fields = reader.fields(record);
    for (const field of Object.keys(record))
      if (!fields.has(field) && !judgementFields.includes(field) && !isNothing(record[field]))
        this.tally.unused(field);
  }
}
