// A text file of a corpus. The whole file is checked first (missing, empty, binary, not UTF-8) and then read in pieces,
// because a file can be larger than the longest possible string and than the available memory.

import { isUtf8 } from 'node:buffer';
import { UserError } from '../errors.js';
import { diskSource, type Source } from './source.js';
import type { TextEncoding } from './text-encodings.js';

/** Largest number of characters in a record or a line. A whole record must fit into memory; no conversation is longer. */
export const longestRecord = 2 ** 26;

export type Encoding = 'UTF-8' | 'Windows-1252';

export interface TextFile {
  readonly path: string;
  /** As in `Source`. */
  readonly name: string;
  readonly encoding: Encoding;
  /** The text in order, cut anywhere between two characters, without the byte order mark. */
  pieces(): Generator<string>;
}

/** Binary formats that people often pass by mistake, with their first bytes. */
const signatures: readonly (readonly [start: string, what: string, remedy: string])[] = [
  ['PK\x03\x04', 'a zip archive within another archive', 'unpack the outer one'],
  ['%PDF', 'a PDF', 'export it as text'],
  ['SQLite format 3', 'an SQLite database', 'export it as JSON lines'],
];

/**
 * Opens a text file and checks all of it.
 * @param wanted `auto`: UTF-8, or Windows-1252 if the file is not valid UTF-8 and looks like Western European text.
 * @param otherwise with `auto`, the encoding of any file that is not valid UTF-8.
 * @throws UserError (data) if the file is missing, not a regular file, empty, unreadable, binary, or in another encoding.
 * For another encoding, the message gives the command that converts the file.
 */
export function openText(
  source: Source,
  wanted: TextEncoding = 'auto',
  otherwise?: 'Windows-1252',
): TextFile {
  const encoding = examine(source, wanted, otherwise);
  return { path: source.path, name: source.name, encoding, pieces: () => decoded(source, encoding) };
}

/** Reads a whole text file. @throws UserError (data) as `openText` does. */
export function readCorpusText(path: string, wanted: TextEncoding = 'auto'): string {
  return [...openText(diskSource(path), wanted).pieces()].join('');
}

export interface Line {
  readonly text: string;
  /** Line number, from 1. */
  readonly number: number;
}

/**
 * The lines of a file, without line feeds. Blank lines are left out.
 * @throws UserError (data) if a line is longer than `longestRecord`.
 */
export function* linesOf(file: TextFile): Generator<Line> {
  let number = 1;
  let held = '';
  const line = (text: string): Line => ({ text, number });
  for (const piece of file.pieces()) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      const text = held + piece.slice(start, end);
      held = '';
      start = end + 1;
      if (text.trim() !== '') yield line(text);
      number++;
    }
    held += piece.slice(start);
    if (held.length > longestRecord) throw tooLong(file.path, number, 'line');
  }
  if (held.trim() !== '') yield line(held);
}

/** The error for a line or a record that is longer than `longest` characters. */
export function tooLong(
  path: string,
  line: number,
  what: 'line' | 'record',
  longest = longestRecord,
): UserError {
  return new UserError(
    'corpus-unreadable',
    `${path}:${line} starts a ${what} of more than ${longest} characters, which is too long for one conversation; put each conversation ${what === 'line' ? 'on a separate line' : 'in a separate record'}`,
  );
}

function* decoded(source: Source, encoding: Encoding): Generator<string> {
  const pieces = encoding === 'UTF-8' ? charactersOf(source.bytes()) : source.bytes();
  // A streaming TextDecoder returns strings with two bytes per character even where one byte would do.
  const decode = encoding === 'UTF-8' ? (bytes: Buffer) => bytes.toString('utf8') : windows1252;
  let first = true;
  for (const bytes of pieces) {
    const text = decode(bytes);
    yield first ? text.replace(/^\ufeff/, '') : text;
    first = false;
  }
}

/** The same bytes, cut only between UTF-8 characters. An incomplete character at the end of the file is the last piece. */
function* charactersOf(pieces: Iterable<Buffer>): Generator<Buffer> {
  let cut = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes = cut.length > 0 ? Buffer.concat([cut, piece]) : piece;
    const whole = bytes.length - unfinished(bytes);
    if (whole > 0) yield bytes.subarray(0, whole);
    cut = Buffer.from(bytes.subarray(whole));
  }
  if (cut.length > 0) yield cut;
}

/** The characters of Windows-1252 for the bytes 0x80 to 0x9f, the only ones that differ from ISO-8859-1. */
const above7f = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Does not use TextDecoder, because some versions of Node decode Windows-1252 as ISO-8859-1. */
function windows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (control) => above7f[control.charCodeAt(0) - 0x80] ?? control);
}

/** Reads the whole file, refuses what is not text, and returns the encoding. */
function examine(source: Source, wanted: TextEncoding, otherwise: Encoding | undefined): Encoding {
  const { path } = source;
  let encoding: Encoding = wanted === 'windows-1252' ? 'Windows-1252' : 'UTF-8';
  let [read, linesBefore, blank, multibyte] = [0, 0, true, false];
  for (const bytes of charactersOf(source.bytes())) {
    if (read === 0) {
      refuseUtf16(path, bytes);
      refuseKnownKinds(path, bytes);
    }
    refuseZero(path, bytes, read);
    if (encoding === 'UTF-8' && !isUtf8(bytes)) {
      const guess = !multibyte && isWestern(bytes) ? 'Windows-1252' : undefined;
      const other = wanted === 'auto' ? (otherwise ?? guess) : undefined;
      if (other === undefined) throw notUtf8(path, bytes, { linesBefore, multibyte });
      encoding = other;
    }
    multibyte ||= encoding === 'UTF-8' && /[\x80-\xff]/.test(bytes.toString('latin1'));
    read += bytes.length;
    linesBefore += countLines(bytes);
    blank &&= bytes.toString('utf8').trim() === '';
  }
  if (read === 0) throw new UserError('corpus-empty', `${path} is empty; add conversations to it`);
  if (blank)
    throw new UserError('corpus-empty', `${path} contains only white space; add conversations to it`);
  return encoding;
}

function refuseZero(path: string, bytes: Buffer, bytesBefore: number): void {
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    throw new UserError(
      'corpus-not-text',
      `${path} is a binary file (byte ${bytesBefore + zero} is zero), not text; use a UTF-8 text file instead`,
    );
}

/** The number of bytes at the end that belong to an incomplete UTF-8 character. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

function refuseUtf16(path: string, bytes: Buffer): void {
  const mark = bytes.subarray(0, 2).toString('latin1');
  const sample = bytes.subarray(0, 4096);
  const zerosAt = (parity: number) =>
    sample.filter((byte, index) => byte === 0 && index % 2 === parity).length;
  const [even, odd] = [zerosAt(0), zerosAt(1)];
  // In Western text, about half of the bytes of UTF-16 are zeros, all at even or all at odd offsets.
  const mostly = (zeros: number, others: number) => zeros > sample.length / 4 && others === 0;
  const encoding =
    mark === '\xff\xfe' || mostly(odd, even)
      ? 'UTF-16LE'
      : mark === '\xfe\xff' || mostly(even, odd)
        ? 'UTF-16BE'
        : null;
  if (!encoding) return;
  const from = mark === '\xff\xfe' || mark === '\xfe\xff' ? 'UTF-16' : encoding;
  throw new UserError(
    'corpus-not-utf8',
    `${path} is in ${encoding}, not UTF-8; convert it with: ${iconv(from, path)}`,
  );
}

function refuseKnownKinds(path: string, bytes: Buffer): void {
  const start = bytes.subarray(0, 16).toString('latin1');
  for (const [signature, what, remedy] of signatures)
    if (start.startsWith(signature))
      throw new UserError('corpus-not-text', `${path} is ${what}, not text; ${remedy}`);
}

/**
 * @param bytes contain the invalid byte.
 * @param before what is known of the bytes before: the number of lines, and whether there are multibyte characters.
 */
function notUtf8(
  path: string,
  bytes: Buffer,
  { linesBefore, multibyte }: { readonly linesBefore: number; readonly multibyte: boolean },
): UserError {
  const at = firstInvalidByte(bytes);
  const isUtf8Otherwise = multibyte || /[^\0-\x7f]/.test(bytes.toString('utf8', 0, at));
  const line = 1 + linesBefore + countLines(bytes.subarray(0, at));
  const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  const remedy = isUtf8Otherwise
    ? 'the text before it is, so correct this character'
    : `if the file is in ${likelyEncoding(bytes)}, convert it with: ${iconv(likelyEncoding(bytes), path)}`;
  return new UserError(
    'corpus-not-utf8',
    `${path}:${line} has the byte 0x${byte}, which is not UTF-8; ${remedy}`,
  );
}

/** A binary search that cuts only at the start of a character, followed by a search character by character. */
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

/**
 * Whether the bytes can only be Windows-1252. Valid multibyte characters would mean UTF-8 with a damaged byte: reading that as
 * Windows-1252 would garble all of them.
 */
function isWestern(bytes: Buffer): boolean {
  const undefinedInWindows1252 = /[\x81\x8d\x8f\x90\x9d]/;
  return (
    likelyEncoding(bytes) === 'WINDOWS-1252' &&
    !undefinedInWindows1252.test(bytes.toString('latin1')) &&
    !/[^\0-\x7f\ufffd]/.test(bytes.toString('utf8'))
  );
}

/** A guess: GB18030 if the bytes decode to Chinese characters, and Windows-1252 otherwise. */
function likelyEncoding(bytes: Buffer): string {
  try {
    const text = new TextDecoder('gb18030', { fatal: true }).decode(bytes, { stream: true });
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
