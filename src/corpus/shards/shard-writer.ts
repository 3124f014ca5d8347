// Writes the token shards of one text of a prepared corpus, each at most as large as asked. It does not know where dialogues
// come from and does not replace anything: the folder is new.

import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf, type TokenizedDialogue } from './record.js';
import {
  type CorpusPart,
  extensions,
  fileHeader,
  type PartIndex,
  type Place,
  placeAsBytes,
  shardName,
} from './shard-index.js';

/** Of a file of records. */
export const mostShardBytes = 2 ** 28;

type Shard = PartIndex['shards'][number];

export class ShardWriter {
  private readonly shards: Shard[] = [];
  private open: { readonly records: HashedFile; readonly places: HashedFile; dialogues: number } | undefined;

  /** @param width bytes per id. */
  constructor(
    private readonly folder: string,
    private readonly part: CorpusPart,
    private readonly width: 2 | 4,
    private readonly shardBytes = mostShardBytes,
  ) {}

  push(dialogue: TokenizedDialogue, about: Omit<Place, 'length'>): void {
    const record = recordOf(dialogue, this.width);
    if (this.open && this.open.records.bytes + record.length > this.shardBytes) this.endShard();
    this.open ??= this.newShard();
    this.open.records.write(record);
    this.open.places.write(placeAsBytes({ ...about, length: record.length }));
    this.open.dialogues++;
  }

  /** Call after the last dialogue. */
  end(): readonly Shard[] {
    this.endShard();
    return this.shards;
  }

  private newShard() {
    const name = shardName(this.part, this.shards.length);
    const file = (extension: string) => new HashedFile(join(this.folder, `${name}.${extension}`));
    return { records: file(extensions.records), places: file(extensions.places), dialogues: 0 };
  }

  private endShard(): void {
    if (!this.open) return;
    const { records, places, dialogues } = this.open;
    this.shards.push({ dialogues, records: records.end(), places: places.end() });
    this.open = undefined;
  }
}

const bufferBytes = 2 ** 20;

/** A new file that is written in large pieces and hashed. */
class HashedFile {
  bytes = 0;
  private readonly descriptor: number;
  private readonly hash = createHash('sha256');
  private readonly buffer = Buffer.allocUnsafeSlow(bufferBytes);
  private filled = 0;

  constructor(path: string) {
    this.descriptor = openSync(path, 'wx', 0o600);
    this.write(new Uint8Array(Uint32Array.from(fileHeader).buffer));
  }

  write(bytes: Uint8Array): void {
    if (this.filled + bytes.length > bufferBytes) this.flush();
    if (bytes.length > bufferBytes) this.put(bytes);
    else {
      this.buffer.set(bytes, this.filled);
      this.filled += bytes.length;
    }
    this.bytes += bytes.length;
  }

  end(): { readonly bytes: number; readonly sha256: string } {
    this.flush();
    closeSync(this.descriptor);
    return { bytes: this.bytes, sha256: this.hash.digest('hex') };
  }

  private flush(): void {
    this.put(this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }

  private put(bytes: Uint8Array): void {
    this.hash.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
  }
}
