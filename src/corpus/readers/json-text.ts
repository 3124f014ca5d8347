// Records out of JSON text, with the line that each stands on: a list, JSON lines, or values one after the other.
// JSON.parse says nothing of lines and differs from one Node to the next, so the text is checked here first, without
// recursion; JSON.parse then only sees what it will accept.

import { UserError } from '../../errors.js';

export interface JsonRecord {
  readonly value: unknown;
  readonly line: number;
}

/** Conversations have no need of more, and it keeps hostile files from being deep. */
const deepest = 100;

class JsonSyntaxError extends Error {
  constructor(
    readonly offset: number,
    what: string,
  ) {
    super(what);
  }
}

/** @throws UserError (data) with line and column where the text is no JSON. */
export function* jsonRecords(text: string, path: string): Generator<JsonRecord> {
  const places = new Places(text);
  try {
    for (const [start, end] of recordSpans(text))
      yield { value: JSON.parse(text.slice(start, end)), line: places.line(start) };
  } catch (thrown) {
    if (!(thrown instanceof JsonSyntaxError)) throw thrown;
    const { offset, message } = thrown;
    throw new UserError(
      'corpus-not-json',
      `${path}:${places.line(offset)}:${places.column(offset)} is not JSON: ${message}`,
    );
  }
}

/** Counts lines forwards, so that a file is gone through once. */
class Places {
  private countedTo = 0;
  private lineThere = 1;

  constructor(private readonly text: string) {}

  line(offset: number): number {
    if (offset < this.countedTo) {
      this.countedTo = 0;
      this.lineThere = 1;
    }
    for (;;) {
      const lineEnd = this.text.indexOf('\n', this.countedTo);
      if (lineEnd < 0 || lineEnd >= offset) return this.lineThere;
      this.countedTo = lineEnd + 1;
      this.lineThere++;
    }
  }

  column(offset: number): number {
    return offset - (offset === 0 ? -1 : this.text.lastIndexOf('\n', offset - 1));
  }
}

type Span = readonly [start: number, end: number];

function recordSpans(text: string): Generator<Span> {
  const start = skipSpace(text, 0);
  if (text[start] === '[') return listElements(text, start);
  return isJsonLines(text, start) ? lineValues(text) : values(text, start);
}

/** Whether every line is a value of its own: then a fault is looked for in its line alone. */
function isJsonLines(text: string, start: number): boolean {
  const lineEnd = text.indexOf('\n', start);
  const line = lineEnd < 0 ? text.slice(start) : text.slice(start, lineEnd);
  if (isValue(line, 0)) return true;
  if (isValue(text, start)) return false;
  // Nothing is whole. A first line that ends as a record does, or is followed by one, was meant to be one.
  return line.trimEnd().endsWith('}') || text[lineEnd + 1] === '{';
}

function isValue(text: string, start: number): boolean {
  try {
    return endOfValue(text, start) <= text.length;
  } catch {
    return false;
  }
}

function* lineValues(text: string): Generator<Span> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const lineEnd = newline < 0 ? text.length : newline;
    const line = text.slice(start, lineEnd);
    const first = skipSpace(line, 0);
    if (first < line.length) yield [start + first, start + lineValueEnd(line, first, start)];
    start = lineEnd + 1;
  }
}

/** @param lineStart what to add to the offset of a fault in the line. */
function lineValueEnd(line: string, first: number, lineStart: number): number {
  try {
    const end = endOfValue(line, first);
    const rest = skipSpace(line, end);
    if (rest < line.length)
      throw new JsonSyntaxError(rest, `${found(line, rest)} after the end of the record`);
    return end;
  } catch (thrown) {
    if (!(thrown instanceof JsonSyntaxError)) throw thrown;
    throw new JsonSyntaxError(lineStart + thrown.offset, thrown.message);
  }
}

function* listElements(text: string, open: number): Generator<Span> {
  let at = skipSpace(text, open + 1);
  if (text[at] === ']') at++;
  else
    for (;;) {
      const end = endOfValue(text, at);
      yield [at, end];
      at = skipSpace(text, end);
      const separator = text[at];
      if (separator !== ',' && separator !== ']')
        throw new JsonSyntaxError(at, `expected a comma or ] after a record, found ${found(text, at)}`);
      at++;
      if (separator === ']') break;
      at = skipSpace(text, at);
      if (text[at] === ']') throw new JsonSyntaxError(at, 'a comma before the closing ]');
    }
  at = skipSpace(text, at);
  if (at < text.length) throw new JsonSyntaxError(at, `${found(text, at)} after the end of the list`);
}

function* values(text: string, start: number): Generator<Span> {
  for (let at = start; at < text.length; ) {
    const end = endOfValue(text, at);
    yield [at, end];
    at = skipSpace(text, end);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** What stands at `at`, for a message. */
function found(text: string, at: number): string {
  if (at >= text.length) return 'nothing more';
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return /[\p{C}\p{Z}]/u.test(character)
    ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : `"${character}"`;
}

/** The offset just behind the JSON value at `start`. */
function endOfValue(text: string, start: number): number {
  const open: ('{' | '[')[] = [];
  let at = start;
  for (;;) {
    const first = text[at];
    if (first === '{' || first === '[') {
      if (open.length >= deepest) throw new JsonSyntaxError(at, `nested more than ${deepest} deep`);
      at = skipSpace(text, at + 1);
      if (text[at] === closing(first)) at++;
      else {
        open.push(first);
        if (first === '{') at = endOfKey(text, at);
        continue;
      }
    } else at = endOfScalar(text, at);
    // Here a value has ended: close what closes, then go on to the next value, or be done.
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return at;
      at = skipSpace(text, at);
      const next = text[at];
      if (next === closing(container)) {
        open.pop();
        at++;
        continue;
      }
      if (next !== ',')
        throw new JsonSyntaxError(at, `expected a comma or ${closing(container)}, found ${found(text, at)}`);
      at = skipSpace(text, at + 1);
      if (container === '{') at = endOfKey(text, at);
      break;
    }
  }
}

function closing(container: '{' | '['): '}' | ']' {
  return container === '{' ? '}' : ']';
}

/** From a key to where its value begins. */
function endOfKey(text: string, at: number): number {
  if (text[at] !== '"')
    throw new JsonSyntaxError(at, `expected a field name in double quotes, found ${found(text, at)}`);
  const colon = skipSpace(text, endOfString(text, at));
  if (text[colon] !== ':')
    throw new JsonSyntaxError(colon, `expected a colon after a field name, found ${found(text, colon)}`);
  return skipSpace(text, colon + 1);
}

function endOfScalar(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at);
  let end = at;
  while (end < text.length && end - at < 400 && /[\w.+-]/.test(text[end] ?? '')) end++;
  const word = text.slice(at, end);
  if (/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(word)) return end;
  throw new JsonSyntaxError(
    at,
    `expected a value, found ${word.length > 1 ? word.slice(0, 40) : found(text, at)}`,
  );
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) {
      if (code === 0x0a || code === 0x0d)
        throw new JsonSyntaxError(start, 'a string that does not end on its line');
      throw new JsonSyntaxError(at, `${found(text, at)} inside a string must be written as an escape`);
    }
    if (code === 0x5c) {
      const escaped = /^(?:["\\/bfnrt]|u[\da-fA-F]{4})/.exec(text.slice(at + 1, at + 6));
      if (!escaped)
        throw new JsonSyntaxError(at, 'a backslash that begins no escape (write \\\\ for a backslash)');
      at += escaped[0].length;
    }
  }
  throw new JsonSyntaxError(start, 'a string that does not end');
}
