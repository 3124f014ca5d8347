// Event files for TensorBoard. They use the tags of the Hugging Face Trainer, so that runs of both appear side by side.
// Written by hand: TFRecord framing (tensorflow/core/lib/io/record_writer.h) around two small protobuf messages
// (tensorboard/compat/proto/event.proto, summary.proto). Their scalars are float32; metrics.jsonl has the exact numbers.

import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppendFile } from '../files/append-file.js';
import { makeFolder } from '../files/make-folder.js';
import { bytesField, doubleField, floatField, varintField } from '../files/protobuf.js';
import type { ExactMatch, TrainingEvent } from './events.js';

export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

export class TensorBoardFile {
  readonly #file: AppendFile;
  readonly #now: () => number;

  /**
   * Starts a new event file under `<folder>/runs/`. A run has one file for each time that it was started.
   * @param resumedAt the last step of the checkpoint that the run resumes from, null for a new run. TensorBoard then
   * discards what earlier files say about later steps.
   * @param now seconds since 1970.
   * @throws UserError (device) when the folder cannot be written to.
   */
  constructor(folder: string, resumedAt: number | null, now: () => number = () => Date.now() / 1000) {
    this.#now = now;
    const name = `events.out.tfevents.${Math.floor(now())}.${hostname()}.${process.pid}.0`;
    makeFolder(folder);
    this.#file = new AppendFile(join(folder, 'runs', name), 0o700);
    this.#file.append(encodeRecord(versionEvent(now())));
    if (resumedAt !== null) this.#file.append(encodeRecord(restartEvent(now(), resumedAt + 1)));
  }

  /** @throws UserError (device) when the disk is full or not writable. */
  write(event: TrainingEvent): void {
    const scalars = scalarsOf(event);
    if (scalars.length > 0) this.#file.append(encodeRecord(scalarEvent(this.#now(), event.step, scalars)));
  }

  close(): void {
    this.#file.close();
  }
}

/** Tags as produced by `rewrite_logs` of transformers. */
function scalarsOf(event: TrainingEvent): readonly Scalar[] {
  switch (event.kind) {
    case 'step':
      return [
        { tag: 'train/loss', value: event.loss },
        { tag: 'train/learning_rate', value: event.learningRate },
        { tag: 'train/grad_norm', value: event.gradNorm },
        { tag: 'train/epoch', value: event.epoch },
        { tag: 'train/tokens_per_second', value: event.tokensPerSecond },
        { tag: 'train/supervised_tokens_per_second', value: event.supervisedTokensPerSecond },
      ];
    case 'evaluation':
      return [
        { tag: 'eval/loss', value: event.evalLoss },
        { tag: 'eval/perplexity', value: event.perplexity },
        ...exactMatchScalar('train', event.exactMatch.trained),
        ...exactMatchScalar('eval', event.exactMatch.heldOut),
      ];
    case 'checkpoint':
      return [];
    default:
      return event satisfies never;
  }
}

function exactMatchScalar(side: 'train' | 'eval', match: ExactMatch | null): readonly Scalar[] {
  return match === null ? [] : [{ tag: `${side}/exact_match`, value: match.exact / match.of }];
}

/** Event { wall_time = 1, file_version = 3 }: the first record of every file. */
export function versionEvent(wallTime: number): Uint8Array {
  return Buffer.concat([doubleField(1, wallTime), bytesField(3, Buffer.from('brain.Event:2'))]);
}

/** Event { wall_time = 1, step = 2, session_log = 7 { status = 1: START } }: discards events from `step` on. */
function restartEvent(wallTime: number, step: number): Uint8Array {
  return Buffer.concat([doubleField(1, wallTime), varintField(2, step), bytesField(7, varintField(1, 1))]);
}

/** Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } ... } }. */
export function scalarEvent(wallTime: number, step: number, scalars: readonly Scalar[]): Uint8Array {
  const values = scalars.map(({ tag, value }) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
  );
  return Buffer.concat([
    doubleField(1, wallTime),
    varintField(2, step),
    bytesField(5, Buffer.concat(values)),
  ]);
}

/** length u64, masked CRC of the length u32, data, masked CRC of the data u32; all little-endian. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + data.length + 4);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(data, 12);
  record.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return record;
}

/** TFRecord's rotation and offset, so that a CRC over data that contains CRCs stays meaningful. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4), as an unsigned 32-bit integer. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});
