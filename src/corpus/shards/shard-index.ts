// tokens/index.json: which token shards a prepared corpus has, of which tokenizer and of which text. The index is untrusted:
// whatever does not fit is damage, and then the text is read instead.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../files/parse-json.js';
import { openRegularFile, readText } from '../../files/regular-file.js';
import { oneLine } from '../../quote.js';
import { evalName, tokensName, trainName } from '../prepared/prepared-files.js';
import type { FileSummary } from '../summary.js';
import { digestBytes } from '../text-numbers.js';

/** The two texts of a prepared corpus. */
export type CorpusPart = 'train' | 'eval';

export const textNames: Readonly<Record<CorpusPart, string>> = { train: trainName, eval: evalName };

export const shardFormat = 'chatbot-train token shards';
/** Raised when files have another layout, and when the same text gives other tokens with the same tokenizer. */
export const shardVersion = 1;

/** The first words of every shard file, as the machine reads them: of another byte order, they are others. */
export const fileHeader: readonly number[] = [0x4b544243, shardVersion, 0, 0];
export const headerBytes = 4 * fileHeader.length;

export const indexName = 'index.json';
export const extensions = { records: 'bin', places: 'idx' } as const;

/** What the file of places has for each record. */
export interface Place {
  /** The bytes of the record. */
  readonly length: number;
  /** The family of the dialogue (augmented.ts). */
  readonly family: number;
  /** Of the texts of the dialogue. */
  readonly digest: Uint8Array;
}

const digestStart = 12;
export const placeBytes = digestStart + digestBytes;

export function placeAsBytes({ length, family, digest }: Place): Buffer {
  const bytes = Buffer.alloc(placeBytes);
  bytes.writeDoubleLE(family, bytes.writeUInt32LE(length));
  bytes.set(digest, digestStart);
  return bytes;
}

export function placeOf(bytes: Buffer): Place {
  return {
    length: bytes.readUInt32LE(),
    family: bytes.readDoubleLE(4),
    digest: bytes.subarray(digestStart, placeBytes),
  };
}

export function shardName(part: CorpusPart, number: number): string {
  return `${part}-${String(number).padStart(5, '0')}`;
}

const count = z
  .int()
  .min(0)
  .max(2 ** 40);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const partSchema = z.object({
  /** The end of the compressed text (RFC 1952): checksum and length of what is in it. */
  text: z.object({ crc32: z.int().min(0), length: z.int().min(0) }),
  /** What the readers say about the text. */
  summary: z.object({
    format: z.string().max(40),
    dialogues: count.min(1),
    turns: count,
    records: count,
    bad: count,
    skipped: z.array(z.object({ reason: z.string().max(200), count, line: count })).max(1000),
    remarks: z.record(z.string().max(40), count),
    unusedFields: z.array(z.string().max(200)).max(1000),
  }),
  shards: z
    .array(
      z.object({
        dialogues: count.min(1).max(2 ** 32),
        records: z.object({ bytes: count, sha256 }),
        places: z.object({ bytes: count, sha256 }),
      }),
    )
    .min(1)
    .max(1000),
});

const schema = z.object({
  format: z.literal(shardFormat),
  version: z.int(),
  tokenizer: z.object({
    /** For people. */
    name: z.string().max(1000),
    identity: sha256,
    vocabularySize: z
      .int()
      .min(1)
      .max(2 ** 31),
    endOfText: z.int().min(0),
  }),
  parts: z.object({ train: partSchema.nullable(), eval: partSchema.nullable() }),
});

export type ShardIndex = z.infer<typeof schema>;
export type PartIndex = z.infer<typeof partSchema>;

/** A thousand shards take 400 kB. */
const mostBytes = 2 ** 22;

/** @returns null if there are no shards; `damaged` if no version of this program can have written the index. */
export function readShardIndex(corpus: string): ShardIndex | 'damaged' | 'other version' | null {
  let text: string;
  try {
    text = readText(join(corpus, tokensName, indexName), mostBytes);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : 'damaged';
  }
  try {
    const value = parseJson(text);
    const { version } = z.object({ format: z.literal(shardFormat), version: z.int() }).parse(value);
    return version === shardVersion ? schema.parse(value) : 'other version';
  } catch {
    return 'damaged';
  }
}

/** What the readers said about a text. @param path of the text, as it was given. */
export function summaryOf({ summary }: PartIndex, path: string): FileSummary {
  const { skipped, remarks, unusedFields, ...rest } = summary;
  return {
    ...rest,
    path,
    format: oneLine(rest.format, 40),
    skipped: skipped.map((one) => ({ ...one, reason: oneLine(one.reason, 200) })),
    // Only known remarks have words.
    remarks: new Map(Object.entries(remarks)) as FileSummary['remarks'],
    unusedFields,
  };
}

export function summaryFields({
  format,
  dialogues,
  turns,
  records,
  bad,
  skipped,
  remarks,
  unusedFields,
}: FileSummary): PartIndex['summary'] {
  return {
    ...{ format, dialogues, turns, records, bad },
    skipped: skipped.map(({ reason, ...rest }) => ({ reason: reason.slice(0, 200), ...rest })),
    remarks: Object.fromEntries(remarks),
    unusedFields: [...unusedFields],
  };
}

/** Identifies the content of a gzip file by its last eight bytes. Null if there is no such file. */
export function gzipEnd(path: string): PartIndex['text'] | null {
  const bytes = Buffer.alloc(8);
  let descriptor: number | undefined;
  try {
    descriptor = openRegularFile(path);
    const { size } = fstatSync(descriptor);
    if (size < 18 || readSync(descriptor, bytes, 0, 8, size - 8) < 8) return null;
    return { crc32: bytes.readUInt32LE(0), length: bytes.readUInt32LE(4) };
  } catch {
    return null;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
