// Vectors in a file, so that each text is sent to an embedder once. The file belongs to one embedder, and only its owner can read
// it. It can be deleted at any time. Processes may read and append at once; what is damaged is forgotten, and made again.
//
// The header is 8 letters, the width of the vectors (32 bits), 16 bytes of a hash of the embedder, and a CRC-32 of these. A record is 16 bytes of a hash
// of the text, the vector, and a CRC-32 of both. Numbers are little-endian.

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { AppendFile } from '../../../files/append-file.js';
import { crc32 } from '../../../files/crc32.js';
import { widest } from './embedder.js';

const magic = Buffer.from('CBVECTR1');
const headerBytes = 32;
const keyBytes = 16;
const readBytes = 2 ** 22;

/** A hash of a text. */
export type VectorKey = string;

export function vectorKey(text: string): VectorKey {
  return digest(text).toString('latin1', 0, keyBytes);
}

export class KeptVectors {
  private readonly owner: Buffer;

  constructor(
    readonly path: string,
    identity: string,
  ) {
    this.owner = digest(identity).subarray(0, 16);
  }

  /** Gives the vectors of the file. Those of another embedder, and what follows damage, are deleted. */
  read(found: (key: VectorKey, vector: Float32Array) => void): void {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return;
    const good = this.readGood(found);
    if (good < size) truncateSync(this.path, good);
  }

  /** @throws UserError (device) when the disk is full or not writable. */
  append(entries: readonly (readonly [VectorKey, Float32Array])[]): void {
    const width = entries[0]?.[1].length;
    if (width === undefined) return;
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    const parts = size === 0 ? [this.header(width)] : [];
    for (const [key, vector] of entries) parts.push(record(key, vector));
    const file = new AppendFile(this.path);
    try {
      // In one write, so that nothing of another process comes between.
      file.append(Buffer.concat(parts));
    } finally {
      file.close();
    }
  }

  private header(width: number): Buffer {
    const header = Buffer.alloc(headerBytes);
    magic.copy(header);
    header.writeUInt32LE(width, magic.length);
    this.owner.copy(header, magic.length + 4);
    header.writeUInt32LE(crc32(header.subarray(0, -4)), headerBytes - 4);
    return header;
  }

  /** @returns how many bytes of the file are good. */
  private readGood(found: (key: VectorKey, vector: Float32Array) => void): number {
    const file = openSync(this.path, 'r');
    try {
      if (!fstatSync(file).isFile()) return 0;
      const header = Buffer.alloc(headerBytes);
      if (filled(file, header, 0) < headerBytes) return 0;
      const width = header.readUInt32LE(magic.length);
      if (width < 1 || width > widest || !header.equals(this.header(width))) return 0;
      const bytes = keyBytes + 4 * width + 4;
      const some = Buffer.alloc(bytes * Math.max(1, Math.floor(readBytes / bytes)));
      for (let at = headerBytes; ; at += some.length) {
        const read = filled(file, some, at);
        for (let from = 0; from + bytes <= read; from += bytes) {
          const one = some.subarray(from, from + bytes);
          if (crc32(one.subarray(0, bytes - 4)) !== one.readUInt32LE(bytes - 4)) return at + from;
          found(one.toString('latin1', 0, keyBytes), vectorIn(one, width));
        }
        if (read < some.length) return at + read - (read % bytes);
      }
    } finally {
      closeSync(file);
    }
  }
}

/** @returns how many bytes were read; fewer than asked for only at the end. */
function filled(file: number, buffer: Buffer, position: number): number {
  let read = 0;
  for (;;) {
    const more = readSync(file, buffer, read, buffer.length - read, position + read);
    read += more;
    if (more === 0 || read === buffer.length) return read;
  }
}

function record(key: VectorKey, vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(keyBytes + 4 * vector.length + 4);
  bytes.write(key, 'latin1');
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, keyBytes + 4 * index);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function vectorIn(one: Buffer, width: number): Float32Array {
  const vector = new Float32Array(width);
  const view = new DataView(one.buffer, one.byteOffset + keyBytes, 4 * width);
  for (let index = 0; index < width; index++) vector[index] = view.getFloat32(4 * index, true);
  return vector;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
