// Writes zip archives for tests, with deflated members. A member can be made wrong in a named way.

import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../src/files/crc32.js';

export interface Member {
  readonly content: string | Uint8Array;
  readonly encrypted?: true;
  readonly isLink?: true;
  /** Replaces the CRC-32. */
  readonly checksum?: number;
  /** Replaces the compression method. */
  readonly method?: number;
}

export function zipArchive(members: Readonly<Record<string, string | Uint8Array | Member>>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const [path, given] of Object.entries(members)) {
    const member = typeof given === 'string' || given instanceof Uint8Array ? { content: given } : given;
    const content = Buffer.from(member.content as string);
    const packed = deflateRawSync(content);
    const name = Buffer.from(path);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(0x0314, 4);
    entry.writeUInt16LE(member.encrypted ? 0x801 : 0x800, 8);
    entry.writeUInt16LE(member.method ?? 8, 10);
    entry.writeUInt32LE(member.checksum ?? crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(((member.isLink ? 0o120777 : 0o100644) << 16) >>> 0, 38);
    entry.writeUInt32LE(position, 42);
    directory.push(entry, name);
    parts.push(local, name, packed);
    position += local.length + name.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, listed, end]);
}
