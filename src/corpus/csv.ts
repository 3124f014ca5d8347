// Reads delimited text (CSV, TSV) row by row, in a dialect that csv-dialect.ts recognizes. Knows nothing of what the columns
// mean: a row with too few or too many cells is given as it is. The pieces of text can be cut anywhere.
//
// A quoted cell that is never closed must not swallow the rest of the file. It counts as unclosed if the file ends in it,
// if its record is longer than the limit, or if on a later line of it a quote opens another cell: `"Hi,Hello` and then
// `"Bye","Bye!"`. Its record is rejected, and reading continues on the line after the one where the record began.

import { longestRecord } from './text-file.js';

export interface Dialect {
  readonly delimiter: '\t' | ';' | '|' | ',';
  /** How a quote is written in a quoted cell: `""` or `\"`. `none`: quotes are text, and no cell can contain a line end. */
  readonly quotes: 'doubled' | 'backslash' | 'none';
  /** Cells can have blanks around their quotes: `"Hi", "Hello"`. */
  readonly padded: boolean;
  /** `lf` is also CR LF. `cr`: the text has no line feeds; carriage returns are given as line feeds. */
  readonly lineEnd: 'lf' | 'cr';
  /** The first line is not a row but names the delimiter, as Excel reads and writes it: `sep=;`. */
  readonly separatorLine: boolean;
  /** The index of the row that names the columns: 0, or more if a title is above it. Null if no row names them. */
  readonly headerRow: number | null;
}

export type CsvRow =
  | {
      readonly kind: 'row';
      readonly cells: string[];
      /** Where the row begins, from 1. */
      readonly line: number;
    }
  | { readonly kind: 'rejected'; readonly reason: string; readonly line: number };

/** Rows in order. Blank lines are left out. @param longest the largest number of characters of a record. */
export function* csvRows(
  pieces: Iterable<string>,
  dialect: Dialect,
  longest = longestRecord,
): Generator<CsvRow> {
  const reader = new CsvReader(pieces, dialect, longest);
  for (let row = reader.next(); row !== null; row = reader.next()) yield row;
}

const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const blank = 0x20;

/** `more`: the record ends in text that is not read yet. */
type Obstacle = { readonly obstacle: 'more' | 'unclosed' };
const needsMore: Obstacle = { obstacle: 'more' };
const unclosed: Obstacle = { obstacle: 'unclosed' };

/** Text that was read in vain for unclosed quotes is at most this many times what the file has, and `longest` as often. */
const patience = 4;

/** A line end has at most this many characters. */
const longestLineEnd = 2;

export class CsvReader {
  /** The quotes inside of quoted cells that are not written as the dialect says. */
  strayQuotes = 0;
  /** Quoted cells without such quotes. */
  quotedCells = 0;
  private readonly pieces: Iterator<string>;
  private readonly delimiter: number;
  private readonly hasBackslashes: boolean;
  /** What was read and not given yet; the next record begins at `at`. */
  private text = '';
  private at = 0;
  private ended = false;
  private line = 1;
  /** The first quote at or after `at`, or infinity; less than `at` if unknown. */
  private nextQuote = -1;
  /** The same for delimiters. */
  private nextDelimiter = -1;
  /** Where the cell ends that was read last: at a delimiter, a line end, or the end of the text. */
  private cellEnd = 0;
  private charactersRead = 0;
  private readInVain = 0;

  constructor(
    pieces: Iterable<string>,
    private readonly dialect: Dialect,
    private readonly longest: number,
  ) {
    const lines = dialect.lineEnd === 'cr' ? withLineFeeds(pieces) : pieces;
    this.pieces = lines[Symbol.iterator]();
    this.delimiter = dialect.delimiter.charCodeAt(0);
    this.hasBackslashes = dialect.quotes === 'backslash';
    if (dialect.separatorLine) this.skipLine();
  }

  /** The next row; null at the end. */
  next(): CsvRow | null {
    for (;;) {
      const { line, at } = this;
      const most = this.longest + longestLineEnd;
      const cells = this.record();
      if (Array.isArray(cells)) {
        if (this.at - at > most) return this.reject({ at, line }, this.at);
        if (cells.length > 0) return { kind: 'row', cells, line };
        if (this.ended && this.at >= this.text.length) return null;
      } else if (cells.obstacle === 'unclosed') return this.reject({ at, line }, this.cellEnd);
      else if (this.text.length - at > most) return this.reject({ at, line }, this.text.length);
      else this.more();
    }
  }

  /** Reads the record at `at` and moves behind it, unless something is in the way. Empty for a blank line. */
  private record(): string[] | Obstacle {
    const { text, at } = this;
    const { quotes } = this.dialect;
    const feed = text.indexOf('\n', at);
    const end = feed < 0 ? text.length : feed;
    if (quotes !== 'none') {
      if (this.nextQuote < at) this.nextQuote = orInfinity(text.indexOf('"', at));
      if (this.nextQuote < end) return this.recordWithQuotes();
    }
    if (feed < 0 && !this.ended) return needsMore;
    const cells = this.plainCells(at, this.withoutReturn(at, end));
    this.moveBehind(end);
    if (cells.length === 1 && cells[0]?.trim() === '') return [];
    return this.hasBackslashes ? cells.map(withoutBackslashes) : cells;
  }

  /** The cells of a line without quotes. */
  private plainCells(at: number, end: number): string[] {
    const { text } = this;
    const { delimiter } = this.dialect;
    const cells: string[] = [];
    let from = at;
    let next = this.nextDelimiter < at ? orInfinity(text.indexOf(delimiter, at)) : this.nextDelimiter;
    for (; next < end; next = orInfinity(text.indexOf(delimiter, from))) {
      cells.push(text.slice(from, next));
      from = next + 1;
    }
    this.nextDelimiter = next;
    cells.push(text.slice(from, end));
    return cells;
  }

  private recordWithQuotes(): string[] | Obstacle {
    const { text } = this;
    const cells: string[] = [];
    for (let at = this.at; ; at = this.cellEnd + 1) {
      const first = this.dialect.padded ? this.behindBlanks(at) : at;
      const cell = text.charCodeAt(first) === quote ? this.quotedCell(first + 1) : this.plainCell(at);
      if (typeof cell !== 'string') return cell;
      cells.push(cell);
      if (text.charCodeAt(this.cellEnd) !== this.delimiter) break;
    }
    for (let end = text.indexOf('\n', this.at); end >= 0 && end < this.cellEnd; ) {
      this.line++;
      end = text.indexOf('\n', end + 1);
    }
    this.moveBehind(this.cellEnd);
    return cells;
  }

  /** @param end of the record: a line feed or the end of the text. */
  private moveBehind(end: number): void {
    if (end < this.text.length) this.line++;
    this.at = Math.min(end + 1, this.text.length);
  }

  private plainCell(at: number): string | Obstacle {
    const { text, delimiter } = this;
    let end = at;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if (code === delimiter || code === lineFeed) break;
      end++;
    }
    if (end === text.length && !this.ended) return needsMore;
    this.cellEnd = end;
    const cell = text.slice(at, text.charCodeAt(end) === delimiter ? end : this.withoutReturn(at, end));
    return this.hasBackslashes ? withoutBackslashes(cell) : cell;
  }

  /** @param from directly behind the opening quote. */
  private quotedCell(from: number): string | Obstacle {
    const { text } = this;
    let hasEscapes = false;
    let strays = 0;
    let firstLineEnd: number | undefined;
    for (let at = from; ; ) {
      const close = text.indexOf('"', at);
      this.cellEnd = close < 0 ? text.length : close;
      // Whether a quote closes the cell depends on the two characters behind it.
      if (!this.ended && this.cellEnd + 2 >= text.length) return needsMore;
      if (close < 0) return unclosed;
      const doubled = text.charCodeAt(close + 1) === quote;
      if (this.hasBackslashes && this.isEscaped(close, from)) at = close + 1;
      else if (doubled) at = close + 2;
      else {
        const end = this.endBehind(close + 1);
        if (typeof end !== 'number') return end;
        if (end >= 0) {
          this.cellEnd = end;
          this.strayQuotes += strays;
          if (strays === 0) this.quotedCells++;
          const cell = text.slice(from, close);
          return hasEscapes || this.hasBackslashes ? this.unescaped(cell) : cell;
        }
        if (this.opensCell(close)) {
          firstLineEnd ??= orInfinity(text.indexOf('\n', from));
          if (firstLineEnd < close) return unclosed;
        }
        strays++;
        at = close + 1;
        continue;
      }
      hasEscapes = true;
    }
  }

  /** Where the cell ends whose quote was closed before `at`; -1 if text is there, so that the quote does not close it. */
  private endBehind(at: number): number | Obstacle {
    const { text } = this;
    const end = this.dialect.padded ? this.behindBlanks(at) : at;
    if (end + 1 >= text.length && !this.ended) return needsMore;
    if (end >= text.length) return text.length;
    const code = text.charCodeAt(end);
    if (code === this.delimiter || code === lineFeed) return end;
    const isLineEnd =
      code === carriageReturn && (end + 1 === text.length || text.charCodeAt(end + 1) === lineFeed);
    return isLineEnd ? end + 1 : -1;
  }

  private opensCell(at: number): boolean {
    let before = at - 1;
    if (this.dialect.padded) while (this.text.charCodeAt(before) === blank) before--;
    const code = this.text.charCodeAt(before);
    return code === this.delimiter || code === lineFeed;
  }

  private behindBlanks(at: number): number {
    let end = at;
    while (this.text.charCodeAt(end) === blank) end++;
    return end;
  }

  /** Whether an odd number of backslashes is before the quote at `at`. */
  private isEscaped(at: number, from: number): boolean {
    let first = at;
    while (first > from && this.text.charCodeAt(first - 1) === backslash) first--;
    return (at - first) % 2 === 1;
  }

  private unescaped(cell: string): string {
    return this.hasBackslashes ? cell.replace(/\\(["\\])|"(")/g, '$1$2') : cell.replaceAll('""', '"');
  }

  /** `end` without the carriage return before it. */
  private withoutReturn(at: number, end: number): number {
    return end > at && this.text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end;
  }

  /** Rejects the record at `at`, which was read up to `looked`, and moves to the line after its first one. */
  private reject({ at, line }: { readonly at: number; readonly line: number }, looked: number): CsvRow {
    const isLong = looked - at > this.longest + longestLineEnd;
    const reason = isLong ? `longer than ${this.longest} characters` : 'a quote is not closed';
    this.readInVain += looked - at;
    if (this.readInVain > patience * (this.longest + this.charactersRead)) {
      this.pieces.return?.();
      [this.ended, this.text, this.at] = [true, '', 0];
      return { kind: 'rejected', reason: `${reason}, after many such records; the rest is not read`, line };
    }
    [this.at, this.line, this.nextQuote, this.nextDelimiter] = [at, line, -1, -1];
    this.skipLine();
    return { kind: 'rejected', reason, line };
  }

  /** Moves to the next line, however long this one is, and keeps at most a piece of text. */
  private skipLine(): void {
    for (;;) {
      const end = this.text.indexOf('\n', this.at);
      if (end >= 0 || this.ended) {
        this.moveBehind(end < 0 ? this.text.length : end);
        return;
      }
      this.at = this.text.length;
      this.more();
    }
  }

  /** Reads at least as much text as there is behind `at`, so that a long record is read again only a few times. */
  private more(): void {
    const had = this.text.length - this.at;
    const parts = [this.text.slice(this.at)];
    let have = had;
    while (!this.ended && (have === had || have < 2 * had)) {
      const piece = this.pieces.next();
      if (piece.done) this.ended = true;
      else {
        parts.push(piece.value);
        have += piece.value.length;
      }
    }
    this.charactersRead += have - had;
    this.text = parts.join('');
    this.at = 0;
    this.nextQuote = -1;
    this.nextDelimiter = -1;
  }
}

function* withLineFeeds(pieces: Iterable<string>): Generator<string> {
  for (const piece of pieces) yield piece.replaceAll('\r', '\n');
}

function orInfinity(index: number): number {
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

function withoutBackslashes(cell: string): string {
  return cell.includes('\\') ? cell.replace(/\\(["\\])/g, '$1') : cell;
}
