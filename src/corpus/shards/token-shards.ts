// Opens token shards, checks all of them once, and reads their dialogues in place. Memory holds the length of each record and
// nothing else of it.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { messageOf, UserError } from '../../errors.js';
import { PositionalFile } from '../../files/positional-file.js';
import { Extents } from '../extents.js';
import { tokensName } from '../prepared/prepared-files.js';
import { dialogueOf, fewestRecordBytes, type IdLimits, type TokenizedDialogue } from './record.js';
import {
  type CorpusPart,
  extensions,
  fileHeader,
  headerBytes,
  type PartIndex,
  type Place,
  placeBytes,
  placeOf,
  shardName,
} from './shard-index.js';

/** Shards that cannot be used. The message is the rest of a sentence that begins with a file. */
export class ShardDamage extends Error {
  override readonly name = 'ShardDamage';

  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** The shards of one text of a prepared corpus. */
export interface ShardedText {
  readonly corpus: string;
  readonly part: CorpusPart;
  readonly index: PartIndex;
}

const mostRecordBytes = 2 ** 29;

interface Shard {
  readonly corpus: string;
  readonly records: PositionalFile;
  readonly places: PositionalFile;
  /** The index of its first dialogue, and the position of its first record when those of all shards follow one another. */
  readonly first: number;
  readonly start: number;
}

export class TokenShards {
  private readonly shards: Shard[] = [];
  private readonly extents = new Extents();
  private bytes = 0;

  private constructor(private readonly limits: IdLimits) {}

  /**
   * The dialogues of all `texts` in order.
   * @throws ShardDamage if a file is missing, damaged or not what its index says.
   */
  static open(texts: readonly ShardedText[], limits: IdLimits): TokenShards {
    const opened = new TokenShards(limits);
    try {
      for (const text of texts)
        for (const [number, shard] of text.index.shards.entries())
          opened.add(text.corpus, shardName(text.part, number), shard);
      return opened;
    } catch (thrown) {
      opened.close();
      throw thrown;
    }
  }

  /** Number of dialogues. */
  get length(): number {
    return this.extents.length;
  }

  /**
   * A dialogue. Its ids are valid until the next one is read.
   * @param index in [0, length).
   * @throws UserError (data) if its file has changed since it was opened.
   */
  at(index: number): TokenizedDialogue {
    const { records, start, corpus } = this.shardOf(index);
    const read = () => {
      const place = headerBytes + this.extents.startOf(index) - start;
      return dialogueOf(records.read(place, this.extents.lengthOf(index)), this.limits);
    };
    return unchanged(corpus, records.path, read);
  }

  /** The digest of the texts of a dialogue, valid until the next one is read. */
  digestAt(index: number): Uint8Array {
    return this.placeAt(index).digest;
  }

  /** The number of a dialogue's family (augmented.ts). */
  familyAt(index: number): number {
    return this.placeAt(index).family;
  }

  close(): void {
    for (const { records, places } of this.shards) {
      records.close();
      places.close();
    }
  }

  private placeAt(index: number): Place {
    const { places, first, corpus } = this.shardOf(index);
    const position = headerBytes + (index - first) * placeBytes;
    return unchanged(corpus, places.path, () => placeOf(places.read(position, placeBytes)));
  }

  private shardOf(index: number): Shard {
    const shard = this.shards.findLast(({ first }) => first <= index);
    if (!shard || !(index < this.length)) throw new RangeError(`there is no dialogue ${index}`);
    return shard;
  }

  private add(corpus: string, name: string, expected: PartIndex['shards'][number]): void {
    const folder = join(corpus, tokensName);
    const nameOf = (kind: keyof typeof extensions) => `${name}.${extensions[kind]}`;
    const records = openedFile(join(folder, nameOf('records')), expected.records.bytes);
    let places: PositionalFile;
    try {
      places = openedFile(join(folder, nameOf('places')), expected.places.bytes);
    } catch (thrown) {
      records.close();
      throw thrown;
    }
    this.shards.push({ corpus, records, places, first: this.length, start: this.bytes });
    this.check(records, places, expected.dialogues);
    this.bytes += records.size - headerBytes;
    for (const [file, { sha256 }] of [
      [records, expected.records],
      [places, expected.places],
    ] as const)
      if (hashOf(file) !== sha256) throw new ShardDamage(file.path, 'is damaged');
  }

  /** Reads all records once, so that the first one that is damaged ends it, whatever the sizes of the files are. */
  private check(records: PositionalFile, places: PositionalFile, dialogues: number): void {
    if (places.size !== headerBytes + dialogues * placeBytes)
      throw new ShardDamage(places.path, 'is damaged');
    let position = headerBytes;
    for (let index = 0; index < dialogues; index++) {
      const { length, family } = placeOf(places.read(headerBytes + index * placeBytes, placeBytes));
      const isWhole = length % 4 === 0 && Number.isSafeInteger(family);
      const fits = isWhole && length >= fewestRecordBytes && length <= mostRecordBytes;
      if (!fits || position + length > records.size) throw new ShardDamage(places.path, 'is damaged');
      if (dialogueOf(records.read(position, length), this.limits) === null)
        throw new ShardDamage(records.path, 'is damaged');
      this.extents.push(length);
      position += length;
    }
    if (position !== records.size) throw new ShardDamage(records.path, 'is damaged');
  }
}

const hashedBytes = 2 ** 20;

function hashOf(file: PositionalFile): string {
  const hash = createHash('sha256');
  for (let done = 0; done < file.size; done += hashedBytes)
    hash.update(file.read(done, Math.min(hashedBytes, file.size - done)));
  return hash.digest('hex');
}

function openedFile(path: string, bytes: number): PositionalFile {
  let file: PositionalFile;
  try {
    file = new PositionalFile(path);
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    throw new ShardDamage(path, isMissing ? 'is missing' : `cannot be read (${messageOf(thrown)})`);
  }
  const header = file.size === bytes && bytes >= headerBytes ? file.read(0, headerBytes) : null;
  const words = header && new Uint32Array(header.buffer, header.byteOffset, fileHeader.length);
  if (words && fileHeader.every((word, index) => words[index] === word)) return file;
  file.close();
  throw new ShardDamage(path, 'is damaged');
}

/** What `read` gives. @throws UserError (data) if it gives null or the file cannot be read any more. */
function unchanged<Value>(corpus: string, path: string, read: () => Value | null): Value {
  let cause: unknown;
  try {
    const value = read();
    if (value !== null) return value;
  } catch (thrown) {
    cause = thrown;
  }
  throw new UserError(
    'prepared-corpus-damaged',
    `${path} has changed while it was in use; make the token shards of ${corpus} again with chatbot-data tokens`,
    { cause },
  );
}
