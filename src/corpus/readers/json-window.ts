// A window that moves over JSON text that arrives in pieces. It knows the line at its place, and where the value there ends:
// brackets and quotes tell that, and JSON.parse parses the value. Only a value that JSON.parse refuses is read character by
// character (json-error.ts), because JSON.parse does not locate the error.

import { UserError } from '../../errors.js';
import { tooLong } from '../text-file.js';
import { deepest, errorOf, type JsonError, readSlowly, skipSpace } from './json-error.js';

/** A place in the whole text. */
export interface Place {
  readonly offset: number;
  /** From 1. */
  readonly line: number;
  /** The offset of the first character of that line. */
  readonly lineStart: number;
}

/** `more` moves the window and updates `at`. All other offsets into `text` become invalid. */
export class JsonWindow {
  text = '';
  /** The offset of the current place in `text`. */
  at = 0;
  /** The line number at `at`, from 1. */
  line = 1;
  /** The offset of that line in `text`, negative if it began before the window. */
  private lineStart = 0;
  /** The offset of the first line feed that is not before `at`. Infinity if `text` has none. */
  lineFeed = Number.POSITIVE_INFINITY;
  /** The number of characters before `text`. */
  private before = 0;
  private readonly pieces: Iterator<string>;

  /** @param longest the largest number of characters in a value. */
  constructor(
    pieces: Iterable<string>,
    readonly path: string,
    readonly longest: number,
  ) {
    this.pieces = pieces[Symbol.iterator]();
  }

  get place(): Place {
    const { before, at, line, lineStart } = this;
    return { offset: before + at, line, lineStart: before + lineStart };
  }

  get character(): string | undefined {
    return this.text[this.at];
  }

  /**
   * Moves the beginning of the window to `at` and doubles its length. Scanning a long value from its start again after each
   * call therefore costs only about twice its length. @returns false at the end of the text.
   */
  more(): boolean {
    if (this.text.length - this.at > this.longest) {
      const error = errorOf(this.text, this.at);
      // A value whose end is missing also looks too long. Report the syntax error then.
      throw error && !error.atEnd ? error : this.tooLong();
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
    this.before += this.at;
    this.lineStart -= this.at;
    this.lineFeed =
      this.lineFeed < Number.POSITIVE_INFINITY ? this.lineFeed - this.at : lineFeedFrom(this.text, had);
    this.at = 0;
    return have > had;
  }

  moveTo(offset: number): void {
    while (this.lineFeed < offset) {
      this.line++;
      this.lineStart = this.lineFeed + 1;
      this.lineFeed = lineFeedFrom(this.text, this.lineStart);
    }
    this.at = offset;
  }

  /** Moves forward to a known place without looking at the text in between. */
  skipTo({ offset, line, lineStart }: Place): void {
    while (this.before + this.text.length <= offset) {
      const next = this.pieces.next();
      if (next.done) break;
      this.before += this.text.length;
      this.text = next.value;
    }
    this.at = offset - this.before;
    this.line = line;
    this.lineStart = lineStart - this.before;
    this.lineFeed = lineFeedFrom(this.text, this.at);
  }

  /** Moves to the next character that is not white space, or to the end. */
  skipSpace(): void {
    do this.moveTo(skipSpace(this.text, this.at));
    while (this.at === this.text.length && this.more());
  }

  /** Moves over one character and the white space after it. */
  step(): void {
    this.moveTo(this.at + 1);
    this.skipSpace();
  }

  /** The error for people that ends the reading. Moves to its place. @param error not before `at`. */
  error(error: JsonError): UserError {
    const { code, sentence } = this.lineError(error);
    const isCut =
      /(?:the end of the text|is not closed)$/.test(sentence) && !this.text.includes('\n', this.at);
    return new UserError(
      code,
      isCut ? `${sentence}; the file seems to be cut short: copy or export it again` : sentence,
    );
  }

  /** The same for a line of JSON lines, which leaves the others as they are. */
  lineError({ offset, message }: JsonError): UserError {
    this.moveTo(offset);
    const place = `${this.path}:${this.line}:${offset - this.lineStart + 1}`;
    return new UserError('corpus-not-json', `${place} is not JSON: ${message}`);
  }

  tooLong(): UserError {
    return tooLong(this.path, this.line, 'record', this.longest);
  }

  close(): void {
    this.pieces.return?.();
  }
}

/**
 * The offset directly after the value at `at`, if the value is valid JSON.
 * @param levels how deep the value can be nested.
 * @param most if the value has more characters than this, the result is undefined, and the value need not be in memory.
 */
export function endOfValue(window: JsonWindow, levels: number): number;
export function endOfValue(window: JsonWindow, levels: number, most: number): number | undefined;
export function endOfValue(
  window: JsonWindow,
  levels: number,
  most = Number.POSITIVE_INFINITY,
): number | undefined {
  for (;;) {
    const end = endByBrackets(window, levels);
    if ((end ?? window.text.length) - window.at > most) return undefined;
    if (end !== undefined && end - window.at > window.longest) throw window.tooLong();
    if (end !== undefined) return end;
    if (!window.more()) return window.text.length;
  }
}

/** Parses the value at `at` and moves past it. @param expectedEnd the offset after the value, if it is valid JSON. */
export function parsed(window: JsonWindow, expectedEnd: number, levels = deepest): unknown {
  const { value, end } = parse(window.text, window.at, expectedEnd, levels);
  window.moveTo(end);
  return value;
}

/** @param expectedEnd the offset after the value, if the value is valid JSON. */
export function parse(
  text: string,
  start: number,
  expectedEnd: number,
  levels = deepest,
): { value: unknown; end: number } {
  try {
    return { value: JSON.parse(text.slice(start, expectedEnd)), end: expectedEnd };
  } catch {
    return readSlowly(text, start, levels);
  }
}

/** The end of the value according to its brackets and quotes. Undefined if the text ends first. */
function endByBrackets({ text, at: start, lineFeed: first }: JsonWindow, levels: number): number | undefined {
  let depth = 0;
  let lineFeed = first;
  for (let at = start; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      if (lineFeed < at) lineFeed = lineFeedFrom(text, at);
      const quote = closingQuote(text, at);
      // A string that is not closed on its line ends with the line.
      if (quote < 0 && lineFeed === Number.POSITIVE_INFINITY) return undefined;
      at = quote < 0 || lineFeed < quote ? lineFeed + 1 : quote + 1;
      if (depth === 0) return at;
      continue;
    }
    at++;
    if (code === 0x7b || code === 0x5b) {
      if (++depth > levels) return at;
    } else if (code === 0x7d || code === 0x5d) {
      if (--depth <= 0) return at;
    } else if (depth === 0) return endOfWord(text, at);
  }
  return undefined;
}

/** The offset of the quote that closes the string at `open`, or -1. */
function closingQuote(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote >= 0 && text.charCodeAt(quote - 1) === 0x5c && isEscaped(text, quote))
    quote = text.indexOf('"', quote + 1);
  return quote;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

/** The offset of the first line feed from `offset` on, or infinity. */
function lineFeedFrom(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

function endOfWord(text: string, from: number): number | undefined {
  const delimiter = /[\s,\]}]/g;
  delimiter.lastIndex = from;
  return delimiter.exec(text)?.index;
}
