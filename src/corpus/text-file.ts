// A text file of a corpus, read whole, with what is wrong with it said in one sentence: missing, empty, binary, or in
// another encoding than UTF-8.

import { isUtf8 } from 'node:buffer';
import { messageOf, UserError } from '../errors.js';
import { FileRefused, readRegularFile } from '../files/regular-file.js';

/** A JavaScript string can hold no more. */
const mostBytes = 2 ** 29 - 2 ** 16;

/** Formats that are mistaken for text, by how they begin. */
const signatures: readonly (readonly [start: string, what: string, cure: string])[] = [
  ['PK\x03\x04', 'a zip archive or office document', 'unpack it, or export it as JSON'],
  ['\x1f\x8b', 'compressed with gzip', 'unpack it with gunzip'],
  ['PAR1', 'a Parquet file', 'export it as JSON lines'],
  ['%PDF', 'a PDF', 'give a text file'],
  ['SQLite format 3', 'an SQLite database', 'export it as JSON lines'],
];

/**
 * The bytes of a file.
 * @throws UserError (data) when it is missing, no regular file, empty, unreadable or larger than a string can be.
 */
export function readBytes(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path, mostBytes);
  } catch (thrown) {
    if (thrown instanceof FileRefused)
      throw new UserError(
        'data',
        `${path} ${thrown.message}; ${thrown.reason === 'size' ? 'split it' : 'give a file or a folder of files'}`,
        { cause: thrown },
      );
    throw unreadable(path, thrown);
  }
  if (bytes.length === 0) throw new UserError('data', `${path} is empty; it should hold conversations`);
  return bytes;
}

/** The error for a path that the system will not open. */
export function unreadable(path: string, thrown: unknown): UserError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const why =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'does not exist; check the path'
      : code === 'EACCES' || code === 'EPERM'
        ? 'may not be read by this user; check its permissions'
        : `cannot be read (${messageOf(thrown)})`;
  return new UserError('data', `${path} ${why}`, { cause: thrown });
}

/**
 * A UTF-8 file without its byte order mark.
 * @throws UserError (data), naming the command that would mend another encoding.
 */
export function readText(path: string): string {
  const bytes = readBytes(path);
  refuseUtf16(path, bytes);
  refuseBinary(path, bytes);
  if (!isUtf8(bytes)) throw notUtf8(path, bytes);
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (text.trim() === '')
    throw new UserError('data', `${path} is empty but for white space; it should hold conversations`);
  return text;
}

function refuseUtf16(path: string, bytes: Buffer): void {
  const mark = bytes.subarray(0, 2).toString('latin1');
  const sample = bytes.subarray(0, 4096);
  const zerosAt = (parity: number) =>
    sample.filter((byte, index) => byte === 0 && index % 2 === parity).length;
  const [even, odd] = [zerosAt(0), zerosAt(1)];
  // Half of the bytes of Western text in UTF-16 are zeros, all on one side.
  const mostly = (zeros: number, others: number) => zeros > sample.length / 4 && others === 0;
  const encoding =
    mark === '\xff\xfe' || mostly(odd, even)
      ? 'UTF-16LE'
      : mark === '\xfe\xff' || mostly(even, odd)
        ? 'UTF-16BE'
        : null;
  if (!encoding) return;
  const from = mark === '\xff\xfe' || mark === '\xfe\xff' ? 'UTF-16' : encoding;
  throw new UserError('data', `${path} is in ${encoding}, not UTF-8; convert it with: ${iconv(from, path)}`);
}

function refuseBinary(path: string, bytes: Buffer): void {
  const start = bytes.subarray(0, 16).toString('latin1');
  for (const [signature, what, cure] of signatures)
    if (start.startsWith(signature)) throw new UserError('data', `${path} is ${what}, not text; ${cure}`);
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    throw new UserError(
      'data',
      `${path} is a binary file (byte ${zero} is zero), not text; give a UTF-8 text file`,
    );
}

function notUtf8(path: string, bytes: Buffer): UserError {
  const at = firstInvalidByte(bytes);
  const line = lineOfByte(bytes, at);
  const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  return new UserError(
    'data',
    `${path}:${line} has the byte 0x${byte}, which is not UTF-8; if the file is in ${likelyEncoding(bytes)}, convert it with: ${iconv(likelyEncoding(bytes), path)}`,
  );
}

/** By halving, cutting only where characters start, and then character by character. */
function firstInvalidByte(bytes: Buffer): number {
  let valid = 0;
  let invalid = bytes.length;
  for (;;) {
    let middle = (valid + invalid) >> 1;
    while (middle > valid && isContinuation(bytes[middle])) middle--;
    if (middle === valid) break;
    if (isUtf8(bytes.subarray(valid, middle))) valid = middle;
    else invalid = middle;
  }
  for (;;) {
    const length = [1, 2, 3, 4].find((size) => isUtf8(bytes.subarray(valid, valid + size)));
    if (length === undefined || valid + length > bytes.length) return valid;
    valid += length;
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function lineOfByte(bytes: Buffer, at: number): number {
  let line = 1;
  for (let next = bytes.indexOf(10); next >= 0 && next < at; next = bytes.indexOf(10, next + 1)) line++;
  return line;
}

/** Chinese text in GB18030 decodes to Chinese characters; anything else is taken for Western Europe's. */
function likelyEncoding(bytes: Buffer): string {
  try {
    const text = new TextDecoder('gb18030', { fatal: true }).decode(bytes.subarray(0, 2 ** 20));
    const foreign = text.match(/[^\0-\x7f]/gu)?.length ?? 0;
    const chinese = text.match(/[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]/g)?.length ?? 0;
    return chinese > 0.9 * foreign && chinese > 1 ? 'GB18030' : 'WINDOWS-1252';
  } catch {
    return 'WINDOWS-1252';
  }
}

function iconv(from: string, path: string): string {
  const quote = (name: string) => (/^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`);
  return `iconv -f ${from} -t UTF-8 ${quote(path)} > ${quote(`${path}.utf8`)}`;
}
