// Reads records from JSON text that arrives in pieces, with the line that each record begins on. The text is a list, JSON
// lines, or a series of values. Brackets and quotes tell where a record ends, and JSON.parse parses it. Only a record that
// JSON.parse refuses is read character by character (json-error.ts), because JSON.parse does not locate the error.

import { UserError } from '../../errors.js';
import type { PlacedRecord, Rejected } from '../reader.js';
import { longestRecord, tooLong } from '../text-file.js';
import { deepest, errorOf, found, JsonError, readSlowly, skipSpace } from './json-error.js';

/** A list that ends on its first line is at most this long. */
const longestFirstLine = 2 ** 16;

/**
 * @param pieces the text, cut anywhere.
 * @param longest the largest number of characters in a record.
 * @throws UserError (data) with line and column if the text is not JSON, and with the line if a record is too long.
 */
export function* jsonRecords(
  pieces: Iterable<string>,
  path: string,
  longest = longestRecord,
): Generator<PlacedRecord | Rejected> {
  const source = new Source(pieces, path, longest);
  try {
    yield* recordsOf(source);
  } catch (thrown) {
    throw thrown instanceof JsonError ? source.error(thrown) : thrown;
  }
}

/** A window of the text. `more` moves the window and updates `at`. All other offsets into `text` become invalid. */
class Source {
  text = '';
  /** The offset of the current record. */
  at = 0;
  /** The line number at `at`, from 1. `lineStart` is the offset of that line, negative if it began before the window. */
  line = 1;
  private lineStart = 0;
  private readonly pieces: Iterator<string>;

  constructor(
    pieces: Iterable<string>,
    private readonly path: string,
    readonly longest: number,
  ) {
    this.pieces = pieces[Symbol.iterator]();
  }

  /**
   * Moves the beginning of the window to `at` and doubles its length. Scanning a long record from its start again after
   * each call therefore costs only about twice its length. @returns false at the end of the text.
   */
  more(): boolean {
    if (this.text.length - this.at > this.longest) {
      const error = errorOf(this.text, this.at);
      // A record whose end is missing also looks too long. Report the syntax error then.
      throw error && !error.atEnd ? error : tooLong(this.path, this.line, 'record', this.longest);
    }
    const parts = [this.text.slice(this.at)];
    const had = this.text.length - this.at;
    let have = had;
    while (have === had || have < 2 * had) {
      const next = this.pieces.next();
      if (next.done) break;
      parts.push(next.value);
      have += next.value.length;
    }
    this.text = parts.join('');
    this.lineStart -= this.at;
    this.at = 0;
    return have > had;
  }

  moveTo(offset: number): void {
    for (let end = this.text.indexOf('\n', this.at); end >= 0 && end < offset; ) {
      this.line++;
      this.lineStart = end + 1;
      end = this.text.indexOf('\n', end + 1);
    }
    this.at = offset;
  }

  /** Moves to the next character that is not white space, or to the end. */
  skipSpace(): void {
    do this.moveTo(skipSpace(this.text, this.at));
    while (this.at === this.text.length && this.more());
  }

  /** The error for people. Moves to its place. @param error not before `at`. */
  error({ offset, message }: JsonError): UserError {
    this.moveTo(offset);
    const place = `${this.path}:${this.line}:${offset - this.lineStart + 1}`;
    return new UserError('corpus-not-json', `${place} is not JSON: ${message}`);
  }
}

function recordsOf(source: Source): Generator<PlacedRecord | Rejected> {
  source.skipSpace();
  if (source.text[source.at] === '[')
    return isListPerLine(source) ? lineValues(source) : listElements(source);
  return isJsonLines(source) ? lineValues(source) : values(source);
}

/** Whether the first line is a whole list, and another list follows on a later line. */
function isListPerLine(source: Source): boolean {
  const isShort = () => source.text.length - source.at < Math.min(longestFirstLine, source.longest);
  let lineEnd = source.text.indexOf('\n', source.at);
  while (lineEnd < 0 && isShort() && source.more()) lineEnd = source.text.indexOf('\n', source.at);
  if (lineEnd < 0 || lineEnd - source.at > longestFirstLine) return false;
  // `more` moves the window to `at`.
  const length = lineEnd - source.at;
  let next = skipSpace(source.text, lineEnd);
  while (next === source.text.length && isShort() && source.more())
    next = skipSpace(source.text, source.at + length);
  return source.text[next] === '[' && !errorOf(source.text.slice(source.at, source.at + length), 0);
}

/** Whether each line is one value. If so, errors are located within their line. */
function isJsonLines(source: Source): boolean {
  const lineEnd = endOfLine(source);
  const firstLine = source.text.slice(source.at, lineEnd);
  if (!errorOf(firstLine, 0)) return true;
  const valueEnd = endOfValue(source);
  if (!errorOf(source.text.slice(source.at, valueEnd), 0)) return false;
  // Neither is valid. If the first line ends like a record, or a record follows, it was meant to be JSON lines.
  return firstLine.trimEnd().endsWith('}') || source.text[source.at + firstLine.length + 1] === '{';
}

/** A broken line does not break the others. */
function* lineValues(source: Source): Generator<PlacedRecord | Rejected> {
  for (;;) {
    const lineEnd = endOfLine(source);
    if (lineEnd === source.at && lineEnd === source.text.length) return;
    const first = skipSpace(source.text, source.at);
    if (first < lineEnd) {
      yield placedLine(source, lineEnd);
    }
    source.moveTo(Math.min(lineEnd + 1, source.text.length));
  }
}

function placedLine(source: Source, lineEnd: number): PlacedRecord | Rejected {
  const { line } = source;
  try {
    return { value: valueOfLine(source.text.slice(source.at, lineEnd), source.at), line };
  } catch (thrown) {
    if (!(thrown instanceof JsonError)) throw thrown;
    return { rejected: 'not JSON', line, error: source.error(thrown) };
  }
}

/** @param lineStart offset of the line in the window, added to the offset of an error. */
function valueOfLine(line: string, lineStart: number): unknown {
  try {
    const { value, end } = parse(line, 0, line.length);
    const rest = skipSpace(line, end);
    if (rest < line.length)
      throw new JsonError(rest, `unexpected ${found(line, rest)} after the end of the record`);
    if (mayBeDeep(line) && isDeep(value, deepest)) readSlowly(line, 0);
    return value;
  } catch (thrown) {
    throw thrown instanceof JsonError ? new JsonError(lineStart + thrown.offset, thrown.message) : thrown;
  }
}

function* listElements(source: Source): Generator<PlacedRecord> {
  source.moveTo(source.at + 1);
  source.skipSpace();
  if (source.text[source.at] !== ']')
    for (;;) {
      yield nextValue(source);
      source.skipSpace();
      const { text, at } = source;
      if (text[at] === ']') break;
      if (text[at] !== ',')
        throw new JsonError(at, `expected a comma or ] after a record, found ${found(text, at)}`);
      source.moveTo(at + 1);
      source.skipSpace();
      if (source.text[source.at] === ']')
        throw new JsonError(source.at, 'unexpected comma before the closing ]');
    }
  source.moveTo(source.at + 1);
  source.skipSpace();
  const { text, at } = source;
  if (at < text.length) throw new JsonError(at, `unexpected ${found(text, at)} after the end of the list`);
}

function* values(source: Source): Generator<PlacedRecord> {
  while (source.at < source.text.length) {
    yield nextValue(source);
    source.skipSpace();
  }
}

/** Reads the value at `at` and moves past it. */
function nextValue(source: Source): PlacedRecord {
  const expectedEnd = endOfValue(source);
  const { value, end } = parse(source.text, source.at, expectedEnd);
  const { line } = source;
  source.moveTo(end);
  return { value, line };
}

/** @param expectedEnd the offset after the value, if the value is valid JSON. */
function parse(text: string, start: number, expectedEnd: number): { value: unknown; end: number } {
  try {
    return { value: JSON.parse(text.slice(start, expectedEnd)), end: expectedEnd };
  } catch {
    return readSlowly(text, start);
  }
}

/** The offset of the line feed that ends the line at `at`, or the end of the text if there is none. */
function endOfLine(source: Source): number {
  for (;;) {
    const end = source.text.indexOf('\n', source.at);
    if (end >= 0) return end;
    if (!source.more()) return source.text.length;
  }
}

/** The offset directly after the value at `at`, if the value is valid JSON. */
function endOfValue(source: Source): number {
  for (;;) {
    const end = endByBrackets(source.text, source.at);
    if (end !== undefined) return end;
    if (!source.more()) return source.text.length;
  }
}

/** The end of the value according to its brackets and quotes. Undefined if the text ends first. */
function endByBrackets(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      const end = endOfString(text, at);
      if (end === undefined || depth === 0) return end;
      at = end;
      continue;
    }
    at++;
    if (code === 0x7b || code === 0x5b) {
      if (++depth > deepest) return at;
    } else if (code === 0x7d || code === 0x5d) {
      if (--depth <= 0) return at;
    } else if (depth === 0) return endOfWord(text, at);
  }
  return undefined;
}

/** The offset after the closing quote of the string at `open`, or after its line if the string is not closed there. */
function endOfString(text: string, open: number): number | undefined {
  const quote = closingQuote(text, open);
  const lineEnd = text.slice(open, quote < 0 ? undefined : quote).indexOf('\n');
  if (lineEnd >= 0) return open + lineEnd + 1;
  return quote < 0 ? undefined : quote + 1;
}

function closingQuote(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return -1;
}

function endOfWord(text: string, from: number): number | undefined {
  const delimiter = /[\s,\]}]/g;
  delimiter.lastIndex = from;
  return delimiter.exec(text)?.index;
}

/** Whether the text has enough opening brackets to be nested too deeply. A fast check that excludes most texts. */
function mayBeDeep(text: string): boolean {
  let left = deepest;
  for (const bracket of ['{', '['])
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (--left < 0) return true;
  return false;
}

/** Whether lists and objects are nested more than `levels` deep. */
function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const child of Object.values(value)) if (isDeep(child, levels - 1)) return true;
  return false;
}
