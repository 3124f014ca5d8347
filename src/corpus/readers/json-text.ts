// Reads records from JSON text that arrives in pieces, with the line that each record begins on. The text is a list, JSON
// lines, or a series of values. json-window.ts finds the end of a record, json-document.ts opens those that are too large for
// the memory.

import type { PlacedRecord, Rejected } from '../reader.js';
import { longestRecord, type TextFile } from '../text-file.js';
import { JsonDocuments, type JsonLimits } from './json-document.js';
import { deepest, errorOf, found, JsonError, readSlowly, skipSpace } from './json-error.js';
import { endOfValue, JsonWindow, parse, parsed } from './json-window.js';

/** A list that ends on its first line is at most this long. */
const longestFirstLine = 2 ** 16;

/**
 * @param pieces the text, cut anywhere.
 * @param longest the largest number of characters in a record.
 * @throws UserError (data) with line and column if the text is not JSON, and with the line if a record is too long.
 */
export function jsonRecords(
  pieces: Iterable<string>,
  path: string,
  longest = longestRecord,
): Generator<PlacedRecord | Rejected> {
  return records(new JsonReading(new JsonWindow(pieces, path, longest)));
}

const usualLimits: JsonLimits = { longest: longestRecord, streamed: 2 ** 24, kept: 2 ** 20 };

/** As `jsonRecords`, but a record that is a large object is a `JsonDocument`. It can be used until the next record is read. */
export function jsonDocuments(
  file: Pick<TextFile, 'path' | 'pieces'>,
  limits = usualLimits,
): Generator<PlacedRecord | Rejected> {
  const window = new JsonWindow(file.pieces(), file.path, limits.longest);
  return records(new JsonReading(window, new JsonDocuments(file, limits)));
}

class JsonReading {
  constructor(
    readonly window: JsonWindow,
    readonly documents?: JsonDocuments,
  ) {}

  /** Reads the value at the window's place and moves past it. */
  next(): PlacedRecord {
    const { window, documents } = this;
    const { line } = window;
    const value = documents ? documents.value(window, deepest) : parsed(window, endOfValue(window, deepest));
    return { value, line };
  }

  failed(thrown: unknown): unknown {
    return thrown instanceof JsonError ? this.window.error(thrown) : thrown;
  }

  close(): void {
    this.window.close();
    this.documents?.close();
  }
}

/** Each layout has its own generator. One that delegates to them would cost as much for each record as finding its end. */
function records(reading: JsonReading): Generator<PlacedRecord | Rejected> {
  const { window, documents } = reading;
  try {
    window.skipSpace();
    const isList = window.character === '[';
    if (isList ? isListPerLine(window) : isJsonLines(window, documents?.limits.streamed))
      return lineValues(reading);
    return isList ? listElements(reading) : values(reading);
  } catch (thrown) {
    reading.close();
    throw reading.failed(thrown);
  }
}

/** Whether the first line is a whole list, and another list follows on a later line. */
function isListPerLine(window: JsonWindow): boolean {
  const isShort = () => window.text.length - window.at < Math.min(longestFirstLine, window.longest);
  let lineEnd = window.text.indexOf('\n', window.at);
  while (lineEnd < 0 && isShort() && window.more()) lineEnd = window.text.indexOf('\n', window.at);
  if (lineEnd < 0 || lineEnd - window.at > longestFirstLine) return false;
  // `more` moves the window to `at`.
  const length = lineEnd - window.at;
  let next = skipSpace(window.text, lineEnd);
  while (next === window.text.length && isShort() && window.more())
    next = skipSpace(window.text, window.at + length);
  return window.text[next] === '[' && !errorOf(window.text.slice(window.at, window.at + length), 0);
}

/**
 * Whether each line is one value. If so, errors are located within their line.
 * @param streamed a value with more characters is read in parts, so it is no line.
 */
function isJsonLines(window: JsonWindow, streamed: number | undefined): boolean {
  const lineEnd = endOfLine(window, streamed === undefined ? Number.POSITIVE_INFINITY : window.longest);
  if (lineEnd === undefined) return false;
  const firstLine = window.text.slice(window.at, lineEnd);
  if (!errorOf(firstLine, 0)) return true;
  const valueEnd = endOfValue(window, deepest, streamed ?? Number.POSITIVE_INFINITY);
  if (valueEnd === undefined) return firstLine.trimEnd().endsWith('}');
  if (!errorOf(window.text.slice(window.at, valueEnd), 0)) return false;
  // Neither is valid. If the first line ends like a record, or a record follows, it was meant to be JSON lines.
  return firstLine.trimEnd().endsWith('}') || window.text[window.at + firstLine.length + 1] === '{';
}

/** A broken line does not break the others. */
function* lineValues(reading: JsonReading): Generator<PlacedRecord | Rejected> {
  const { window } = reading;
  try {
    for (;;) {
      const lineEnd = endOfLine(window);
      if (lineEnd === window.at && lineEnd === window.text.length) return;
      if (skipSpace(window.text, window.at) < lineEnd) yield placedLine(window, lineEnd);
      window.moveTo(Math.min(lineEnd + 1, window.text.length));
    }
  } catch (thrown) {
    throw reading.failed(thrown);
  } finally {
    reading.close();
  }
}

function placedLine(window: JsonWindow, lineEnd: number): PlacedRecord | Rejected {
  const { line } = window;
  try {
    return { value: valueOfLine(window.text.slice(window.at, lineEnd), window.at), line };
  } catch (thrown) {
    if (!(thrown instanceof JsonError)) throw thrown;
    return { rejected: 'not JSON', line, error: window.lineError(thrown) };
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

function* listElements(reading: JsonReading): Generator<PlacedRecord> {
  const { window } = reading;
  try {
    window.step();
    if (window.character !== ']')
      do yield reading.next();
      while (isContinued(window));
    window.step();
    const { text, at } = window;
    if (at < text.length) throw new JsonError(at, `unexpected ${found(text, at)} after the end of the list`);
  } catch (thrown) {
    throw reading.failed(thrown);
  } finally {
    reading.close();
  }
}

/** Moves from the end of an element to the next one, or to the end of the list. */
function isContinued(window: JsonWindow): boolean {
  window.skipSpace();
  const { text, at } = window;
  if (text[at] === ']') return false;
  if (text[at] !== ',')
    throw new JsonError(at, `expected a comma or ] after a record, found ${found(text, at)}`);
  window.step();
  if (window.character === ']') throw new JsonError(window.at, 'unexpected comma before the closing ]');
  return true;
}

function* values(reading: JsonReading): Generator<PlacedRecord> {
  const { window } = reading;
  try {
    while (window.at < window.text.length) {
      yield reading.next();
      window.skipSpace();
    }
  } catch (thrown) {
    throw reading.failed(thrown);
  } finally {
    reading.close();
  }
}

/**
 * The offset of the line feed that ends the line at `at`, or the end of the text if there is none. Undefined for a line with
 * more than `most` characters.
 */
function endOfLine(window: JsonWindow): number;
function endOfLine(window: JsonWindow, most: number): number | undefined;
function endOfLine(window: JsonWindow, most = Number.POSITIVE_INFINITY): number | undefined {
  for (;;) {
    const end = window.text.indexOf('\n', window.at);
    if ((end < 0 ? window.text.length : end) - window.at > most) return undefined;
    if (end >= 0) return end;
    if (!window.more()) return window.text.length;
  }
}

/** Whether the text has enough opening brackets to be nested too deeply. A fast check that excludes most texts. */
function mayBeDeep(text: string): boolean {
  if (text.length <= 2 * deepest) return false;
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
