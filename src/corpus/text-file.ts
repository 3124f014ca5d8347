// A text file of a corpus. The whole file is checked first (missing, empty, binary, its encoding) and then read in pieces,
// because a file can be larger than the longest possible string and than the available memory.

import { isAscii, isUtf8 } from 'node:buffer';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { detectEncoding, encodingSample } from './detect-encoding.js';
import { decoder, type Encoding, encodingNames, unfinishedUtf8 } from './encoding.js';
import { beginningOf, diskSource, type Source } from './source.js';
import type { TextEncoding } from './text-encodings.js';

/** Largest number of characters in a record or a line. A whole record must fit into memory; no conversation is longer. */
export const longestRecord = 2 ** 26;

export interface TextFile {
  readonly path: string;
  /** As in `Source`. */
  readonly name: string;
  readonly encoding: Encoding;
  /** How many places could not be decoded. They are U+FFFD in the text. */
  readonly damages: number;
  /** The text in order, cut anywhere between two characters, without the byte order mark. */
  pieces(): Generator<string>;
}

/** Binary formats that people often pass by mistake, with their first bytes. */
const signatures: readonly (readonly [start: string, what: string, remedy: string])[] = [
  ['PK\x03\x04', 'a zip archive within another archive', 'unpack the outer one'],
  ['%PDF', 'a PDF', 'export it as text'],
  ['SQLite format 3', 'an SQLite database', 'export it as JSON lines'],
  ['\xd0\xcf\x11\xe0', 'an old office document', 'export it as CSV or text'],
  ['PK\x05\x06', 'an empty zip archive', 'export it again'],
  ['Rar!', 'a RAR archive', 'unpack it'],
  ["7z\xbc\xaf'\x1c", 'a 7z archive', 'unpack it'],
];

/** A tar archive has these characters at this byte. */
const tarMark = { at: 257, text: 'ustar' };

/**
 * Opens a text file and checks all of it.
 * @param wanted `auto`: UTF-8, or an encoding that the text is recognized by.
 * @param otherwise with `auto`, the encoding of any file that is not valid UTF-8.
 * @throws UserError (data) if the file is missing, not a regular file, empty, unreadable, binary, or in another encoding.
 */
export function openText(source: Source, wanted: TextEncoding = 'auto', otherwise?: Encoding): TextFile {
  const encoding = wanted === 'auto' ? recognized(source, otherwise) : wanted;
  const damages = encoding === 'utf-8' ? 0 : checkDecoded(source, encoding, wanted);
  if (wanted === 'utf-8') checkUtf8(source, wanted);
  return { path: source.path, name: source.name, encoding, damages, pieces: () => decoded(source, encoding) };
}

/** Reads a whole text file. @throws UserError (data) as `openText` does. */
export function readCorpusText(path: string, wanted: TextEncoding = 'auto'): string {
  return [...openText(diskSource(path), wanted).pieces()].join('');
}

/** The first characters of a file, at least `least` unless it is shorter. */
export function beginningOfText({ pieces }: TextFile, least: number): string {
  let text = '';
  for (const piece of pieces()) {
    text += piece;
    if (text.length >= least) break;
  }
  return text;
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
  const { write, end } = decoder(encoding);
  for (const bytes of source.bytes()) yield write(bytes);
  yield end();
}

/** The encoding of a file, all of which was read if it is UTF-8. */
function recognized(source: Source, otherwise: Encoding | undefined): Encoding {
  const beginning = beginningOf(source, encodingSample);
  refuseKnownKinds(source.path, beginning);
  const mark = beginning.includes(0) || marked.test(beginning.toString('latin1', 0, 4));
  const guess = mark ? detectEncoding(beginning) : null;
  if (guess !== null && guess !== 'utf-8') return guess;
  return checkUtf8(source, 'auto', otherwise);
}

/** Byte order marks other than that of UTF-8. */
const marked = /^(?:\xff\xfe|\xfe\xff|\x84\x31\x95\x33)/;

/**
 * Reads the whole file and refuses what is not text.
 * @returns `utf-8`, or another encoding if the file is not UTF-8 and `wanted` is `auto`.
 */
function checkUtf8(source: Source, wanted: 'auto' | 'utf-8', otherwise?: Encoding): Encoding {
  const { path } = source;
  let [read, blank, multibyte] = [0, true, false];
  for (const bytes of charactersOf(source.bytes())) {
    if (read === 0) refuseKnownKinds(path, bytes);
    refuseZero(path, bytes, read, wanted);
    const isPlain = isAscii(bytes);
    if (!isPlain && !isUtf8(bytes)) {
      const other = otherwise ?? (multibyte ? null : detectEncoding(foreignPart(source)));
      if (wanted === 'auto' && other !== null && other !== 'utf-8') return other;
      throw notUtf8(path, bytes, { linesBefore: linesIn(source, read), multibyte, other });
    }
    multibyte ||= !isPlain;
    read += bytes.length;
    blank &&= bytes.toString('utf8').trim() === '';
  }
  refuseEmpty(path, read, blank);
  return 'utf-8';
}

/** The beginning of the first line that is not ASCII, and what follows it. */
function foreignPart(source: Source): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const piece of source.bytes()) {
    const start = length > 0 ? 0 : piece.findIndex((byte) => byte >= 0x80);
    if (start < 0) continue;
    const line = length > 0 ? 0 : Math.max(piece.lastIndexOf(0x0a, start) + 1, start - encodingSample / 2);
    const part = Buffer.from(piece.subarray(line, line + encodingSample - length));
    parts.push(part);
    length += part.length;
    if (length >= encodingSample) break;
  }
  return Buffer.concat(parts);
}

/** With more damages, the encoding is another one. @param foreign the number of characters that are not ASCII. */
function mostDamages(foreign: number): number {
  return foreign < 10 ? 0 : Math.max(1, foreign / 50);
}

/** @returns the number of damages. @throws UserError (data) if the file is no text in this encoding. */
function checkDecoded(source: Source, encoding: Encoding, wanted: TextEncoding): number {
  const { path } = source;
  let [read, foreign, damages, blank] = [0, 0, 0, true];
  for (const text of decoded(source, encoding)) {
    if (read === 0) refuseKnownKinds(path, beginningOf(source, 16));
    const zero = text.indexOf('\0');
    if (zero >= 0)
      throw new UserError(
        'corpus-not-text',
        `${path} is a binary file (character ${read + zero} in ${encodingNames[encoding]} is zero), not text; use a text file instead`,
      );
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code > 0x7f) foreign++;
      if (code === 0xfffd) damages++;
    }
    read += text.length;
    blank &&= text.trim() === '';
  }
  refuseEmpty(path, read, blank);
  if (damages > mostDamages(foreign))
    throw new UserError(
      'corpus-not-utf8',
      `${path} is not in ${encodingNames[encoding]}: ${damages} of ${foreign} characters outside of ASCII are invalid in it; ${wanted === 'auto' ? `name its encoding with ${option('encoding')}` : `leave out ${option('encoding')} to recognize the encoding, or name another one`}`,
    );
  return damages;
}

function refuseEmpty(path: string, read: number, blank: boolean): void {
  if (read === 0) throw new UserError('corpus-empty', `${path} is empty; add conversations to it`);
  if (blank)
    throw new UserError('corpus-empty', `${path} contains only white space; add conversations to it`);
}

/** The same bytes, cut only between UTF-8 characters. An incomplete character at the end of the file is the last piece. */
function* charactersOf(pieces: Iterable<Buffer>): Generator<Buffer> {
  let cut = Buffer.alloc(0);
  for (const piece of pieces) {
    const bytes = cut.length > 0 ? Buffer.concat([cut, piece]) : piece;
    const whole = bytes.length - unfinishedUtf8(bytes);
    if (whole > 0) yield bytes.subarray(0, whole);
    cut = Buffer.from(bytes.subarray(whole));
  }
  if (cut.length > 0) yield cut;
}

function refuseZero(path: string, bytes: Buffer, bytesBefore: number, wanted: 'auto' | 'utf-8'): void {
  const zero = bytes.indexOf(0);
  if (zero < 0) return;
  const other = wanted === 'utf-8' && bytesBefore === 0 ? detectEncoding(bytes) : null;
  throw other === 'utf-16le' || other === 'utf-16be'
    ? new UserError(
        'corpus-not-utf8',
        `${path} is in ${encodingNames[other]}, not in UTF-8; read it with ${option('encoding', other)}`,
      )
    : new UserError(
        'corpus-not-text',
        `${path} is a binary file (byte ${bytesBefore + zero} is zero), not text; use a UTF-8 text file instead`,
      );
}

/** The number of line ends in the first bytes of a source. */
function linesIn(source: Source, bytes: number): number {
  let [left, lines] = [bytes, 0];
  for (const piece of source.bytes()) {
    lines += countLines(piece.subarray(0, left));
    left -= piece.length;
    if (left <= 0) break;
  }
  return lines;
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

function refuseKnownKinds(path: string, bytes: Buffer): void {
  const start = bytes.subarray(0, 16).toString('latin1');
  if (bytes.toString('latin1', tarMark.at, tarMark.at + tarMark.text.length) === tarMark.text)
    throw new UserError('corpus-not-text', `${path} is a tar archive, not text; unpack it`);
  for (const [signature, what, remedy] of signatures)
    if (start.startsWith(signature))
      throw new UserError('corpus-not-text', `${path} is ${what}, not text; ${remedy}`);
}

/**
 * @param bytes contain the invalid byte.
 * @param known the number of lines before, whether there are multibyte characters before, and what the encoding may be.
 */
function notUtf8(
  path: string,
  bytes: Buffer,
  known: { readonly linesBefore: number; readonly multibyte: boolean; readonly other: Encoding | null },
): UserError {
  const at = firstInvalidByte(bytes);
  const line = 1 + known.linesBefore + countLines(bytes.subarray(0, at));
  const byte = (bytes[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
  const isUtf8Otherwise = known.multibyte || /[^\0-\x7f]/.test(bytes.toString('utf8', 0, at));
  const other = known.other === 'utf-8' ? null : known.other;
  const remedy = other
    ? `if the file is in ${encodingNames[other]}, read it with ${option('encoding', other)}`
    : isUtf8Otherwise
      ? 'the text before it is, so correct this character'
      : `correct it, or name the encoding of the file with ${option('encoding')}`;
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
