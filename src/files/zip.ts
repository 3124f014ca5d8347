// Reads the directory of a zip or zip64 archive; it does not unpack. Malicious archives are refused before their contents
// are used: names that leave the folder, entries that overlap or reach into the directory, and sizes that disagree.
// (PKWARE's APPNOTE.TXT, sections 4.3 to 4.5.)

import { quoted } from '../quote.js';

/** The file that holds the archive, and the errors that name it. */
export interface ZipFile {
  readonly size: number;
  /** `length` bytes from `position` on, in a new buffer. @throws if the file is too short. */
  bytes(position: number, length: number): Uint8Array<ArrayBuffer>;
  fail(complaint: string): Error;
  damaged(complaint: string): Error;
}

/** 0: stored, 8: deflated. Other methods of compression are rare, and callers refuse them. */
export interface ZipEntry {
  /** The position of its first byte in the archive. */
  readonly position: number;
  /** The number of bytes in the archive. */
  readonly packed: number;
  /** The number of bytes after unpacking, according to the directory. */
  readonly size: number;
  readonly method: number;
  /** The CRC-32 of the unpacked bytes. */
  readonly checksum: number;
  readonly encrypted: boolean;
  /** A symbolic link, whose target is its content. */
  readonly isLink: boolean;
}

interface Directory {
  readonly position: number;
  readonly bytes: number;
  readonly entries: number;
}

interface DirectoryEntry extends Omit<ZipEntry, 'position'> {
  readonly name: string;
  readonly header: number;
}

const signatures = {
  local: 0x04034b50,
  entry: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
};
const endBytes = 22;
const longestComment = 0xffff;
/** An entry takes about 100 bytes. Each entry costs a read, so their number is limited too. */
const longestDirectory = 2 ** 26;
const mostEntries = 2 ** 16;

function view(file: ZipFile, position: number, length: number): DataView {
  return new DataView(file.bytes(position, length).buffer);
}

/** Returns Infinity for sizes beyond 2^53, which no file has; Infinity fails the later checks. */
function size64(data: DataView, at: number): number {
  const size = Number(data.getBigUint64(at, true));
  return Number.isSafeInteger(size) ? size : Number.POSITIVE_INFINITY;
}

function findDirectory(file: ZipFile): Directory {
  const tailBytes = Math.min(file.size, endBytes + longestComment);
  const tailStart = file.size - tailBytes;
  const tail = view(file, tailStart, tailBytes);
  let at = tailBytes - endBytes;
  const isEnd = (): boolean =>
    tail.getUint32(at, true) === signatures.end &&
    tail.getUint16(at + 20, true) === tailBytes - endBytes - at;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw file.damaged('it has no zip directory at its end, so it may be truncated');
  if (tail.getUint16(at + 4, true) !== 0 && tail.getUint16(at + 4, true) !== 0xffff)
    throw file.damaged('it is one part of a split archive');
  const plain = {
    entries: tail.getUint16(at + 10, true),
    bytes: tail.getUint32(at + 12, true),
    position: tail.getUint32(at + 16, true),
  };
  const end = tailStart + at;
  const is64 = end >= 20 && view(file, end - 20, 4).getUint32(0, true) === signatures.locator64;
  const directory = is64 ? directory64(file, size64(view(file, end - 20, 20), 8)) : plain;
  if (directory.position + directory.bytes > end)
    throw file.damaged('its zip directory extends beyond the end of the file');
  if (directory.bytes > longestDirectory)
    throw file.damaged(`its zip directory has more than ${longestDirectory} bytes`);
  return directory;
}

function directory64(file: ZipFile, position: number): Directory {
  const end = view(file, position, 56);
  if (end.getUint32(0, true) !== signatures.end64)
    throw file.damaged('its zip64 directory is not where it should be');
  return { entries: size64(end, 32), bytes: size64(end, 40), position: size64(end, 48) };
}

/** The 64-bit values in an entry's extra field. They replace the 32-bit values that are all ones, in the same order. */
function zip64Values(file: ZipFile, extra: DataView): number[] {
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const bytes = extra.getUint16(at + 2, true);
    if (at + 4 + bytes > extra.byteLength)
      throw file.damaged('an extra field in its zip directory is cut short');
    if (extra.getUint16(at, true) === 1)
      return Array.from({ length: Math.floor(bytes / 8) }, (_, index) => size64(extra, at + 4 + 8 * index));
    at += 4 + bytes;
  }
  return [];
}

function checkName(file: ZipFile, name: string): void {
  const leaves =
    name.startsWith('/') || /^[a-z]:/i.test(name) || /[\\\0]/.test(name) || name.split('/').includes('..');
  if (leaves)
    throw file.fail(`has an entry ${quoted(name)}, which points outside its folder; do not trust this file`);
}

function readDirectoryEntry(
  file: ZipFile,
  data: DataView,
  at: number,
): { entry: DirectoryEntry; next: number } {
  const bad = (): Error => file.damaged('its zip directory is cut short');
  if (at + 46 > data.byteLength || data.getUint32(at, true) !== signatures.entry) throw bad();
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) =>
    data.getUint16(at + offset, true),
  );
  const nameEnd = at + 46 + (nameBytes ?? 0);
  const extraEnd = nameEnd + (extraBytes ?? 0);
  const next = extraEnd + (commentBytes ?? 0);
  if (next > data.byteLength) throw bad();
  const name = new TextDecoder().decode(new Uint8Array(data.buffer, at + 46, nameEnd - at - 46));
  checkName(file, name);
  const wide = zip64Values(file, new DataView(data.buffer, nameEnd, extraEnd - nameEnd));
  const [size, packed, header] = [24, 20, 42].map((offset) => {
    const narrow = data.getUint32(at + offset, true);
    return narrow === 0xffffffff ? (wide.shift() ?? Number.POSITIVE_INFINITY) : narrow;
  }) as [number, number, number];
  const method = data.getUint16(at + 10, true);
  if (method === 0 && size !== packed) throw file.damaged(`the sizes of its entry ${quoted(name)} differ`);
  const entry = {
    ...{ name, header, size, packed, method },
    checksum: data.getUint32(at + 16, true),
    encrypted: (data.getUint16(at + 8, true) & 1) !== 0,
    isLink: isUnix(data, at) && data.getUint32(at + 38, true) >>> 28 === unixLink,
  };
  return { entry, next };
}

/** The file type of a symbolic link in the upper four bits of a Unix mode. */
const unixLink = 0o12;

/** Whether the entry was written on Unix or macOS, so that its attributes hold a file mode. */
function isUnix(data: DataView, at: number): boolean {
  return [3, 19].includes(data.getUint8(at + 5));
}

/** The position of an entry's data, after its local header, which must have the same name as the directory entry. */
function dataPosition(file: ZipFile, { name, header }: DirectoryEntry, limit: number): number {
  if (header + 30 > limit) throw file.damaged(`its entry ${quoted(name)} lies beyond the end of the file`);
  const local = view(file, header, 30);
  if (local.getUint32(0, true) !== signatures.local)
    throw file.damaged(`its entry ${quoted(name)} is not where it should be`);
  const nameBytes = local.getUint16(26, true);
  if (new TextDecoder().decode(file.bytes(header + 30, nameBytes)) !== name)
    throw file.damaged(`its entry ${quoted(name)} has two names`);
  return header + 30 + nameBytes + local.getUint16(28, true);
}

/**
 * The archive's entries by name, in the order of their positions. Folders are entries whose name ends in a slash.
 * @throws the errors of `file` when the archive is damaged or malicious.
 */
export function readZipDirectory(file: ZipFile): ReadonlyMap<string, ZipEntry> {
  const directory = findDirectory(file);
  const data = view(file, directory.position, directory.bytes);
  const listed: DirectoryEntry[] = [];
  for (let at = 0; at < directory.bytes; ) {
    const { entry, next } = readDirectoryEntry(file, data, at);
    listed.push(entry);
    if (listed.length > mostEntries)
      throw file.damaged(`its zip directory has more than ${mostEntries} entries`);
    at = next;
  }
  if (listed.length !== directory.entries)
    throw file.damaged(`its zip directory has ${listed.length} entries but says ${directory.entries}`);
  listed.sort((a, b) => a.header - b.header);
  const entries = new Map<string, ZipEntry>();
  for (const [index, entry] of listed.entries()) {
    const limit = listed[index + 1]?.header ?? directory.position;
    const position = dataPosition(file, entry, limit);
    if (position + entry.packed > limit)
      throw file.damaged(`its entry ${quoted(entry.name)} overlaps what follows it`);
    if (entries.has(entry.name)) throw file.damaged(`it has two entries ${quoted(entry.name)}`);
    const { name, header: _, ...rest } = entry;
    entries.set(name, { ...rest, position });
  }
  return entries;
}
