// Recognizes in which dialect a delimited text is written: delimiter, quotes, line ends, and whether the first row names the
// columns. Every possible dialect reads the beginning of the text with csv.ts; what its rows look like decides. Text in the
// cells can contain any delimiter, so counting characters is not enough.

import { CsvReader, type Dialect } from './csv.js';
import { isColumnName } from './csv-columns.js';

/** In order of preference if rows alone do not decide: a comma is the one that text contains most often. */
const delimiters = ['\t', ';', '|', ','] as const;

/** No more than this number of characters is looked at. */
export const sampleLength = 2 ** 16;

/** A sample of this length may end within a row, because samples can end at a line end. */
const longEnoughToBeCut = sampleLength / 2;

const noHeader = { headerRow: null, padded: false, separatorLine: false } as const;

/** And no more than this number of rows. */
const mostRows = 1000;

/**
 * The dialect in which most rows have the same number of columns, at least two.
 * @param sample the beginning of the text, without a byte order mark.
 * @returns null if less than half of the rows have the same number of columns in every dialect.
 */
export function csvDialect(sample: string): Dialect | null {
  const beginning = sample.slice(0, sampleLength);
  const separator = /^"?sep=([\t;|,])"?(?=[\r\n]|$)/i.exec(beginning)?.[1];
  const lineEnd = beginning.includes('\r') && !beginning.includes('\n') ? 'cr' : 'lf';
  const start = { ...noHeader, lineEnd, quotes: 'doubled', separatorLine: separator !== undefined } as const;
  const readings = delimiters
    .filter((delimiter) =>
      separator === undefined ? beginning.includes(delimiter) : delimiter === separator,
    )
    .map((delimiter) => bestQuotes(beginning, { ...start, delimiter }));
  if (readings.length === 0) return null;
  const { dialect, rows, regular } = best(readings);
  if (regular === 0 || 2 * regular < rows.length) return null;
  return { ...dialect, headerRow: headerRow(rows) };
}

/** What the beginning of a text looks like in a dialect. */
interface Reading {
  readonly dialect: Dialect;
  readonly rows: readonly (readonly string[])[];
  /** The number of rows that have the most frequent number of columns above one. */
  readonly regular: number;
  readonly quotedCells: number;
  /** What the dialect does not explain: rejected records, and quotes at odd places. */
  readonly faults: number;
  /** Cells that begin with a blank: the delimiter is probably the comma of a sentence. */
  readonly blanks: number;
}

class SampleEnds extends Error {}

function read(beginning: string, dialect: Dialect): Reading {
  const rows: (readonly string[])[] = [];
  let rejected = 0;
  const reader = new CsvReader(sampled(beginning), dialect, beginning.length);
  try {
    for (let row = reader.next(); row !== null && rows.length < mostRows; row = reader.next())
      if (row.kind === 'row') rows.push(row.cells);
      else rejected++;
  } catch (thrown) {
    if (!(thrown instanceof SampleEnds)) throw thrown;
  }
  const count = (is: (cell: string) => boolean) =>
    rows.reduce((sum, cells) => sum + cells.filter(is).length, 0);
  return {
    dialect,
    rows,
    regular: regularRows(rows),
    quotedCells: reader.quotedCells,
    faults: rejected + reader.strayQuotes + count(isPaddedQuote),
    blanks: count(beginsBlank),
  };
}

/** Without the last record of a sample that does not end with the text: its quotes may look as if they were not closed. */
function* sampled(beginning: string): Generator<string> {
  yield beginning;
  if (beginning.length >= longEnoughToBeCut) throw new SampleEnds();
}

function regularRows(rows: readonly (readonly string[])[]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) if (length > 1) counts.set(length, (counts.get(length) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

function beginsBlank(cell: string): boolean {
  return cell.startsWith(' ');
}

function isPaddedQuote(cell: string): boolean {
  return /^ +"/.test(cell);
}

function bestQuotes(beginning: string, dialect: Dialect): Reading {
  const doubled = read(beginning, dialect);
  if (doubled.faults === 0) return doubled;
  const others: Dialect[] = beginning.includes('\\"') ? [{ ...dialect, quotes: 'backslash' }] : [];
  if (/[\t;|,] +"|" +[\t;|,]/.test(beginning))
    others.push(...[dialect, ...others].map((unpadded) => ({ ...unpadded, padded: true })));
  // If quotes are text, cells that look quoted cannot be explained.
  const none = { ...read(beginning, { ...dialect, quotes: 'none' }), faults: doubled.quotedCells };
  return best([doubled, ...others.map((other) => read(beginning, other)), none]);
}

/** The first of the best ones. */
function best(readings: readonly Reading[]): Reading {
  return readings.reduce((one, other) => (isBetter(other, one) ? other : one));
}

function isBetter(one: Reading, other: Reading): boolean {
  const [score, otherScore] = [scoreOf(one), scoreOf(other)];
  return score === otherScore ? one.blanks < other.blanks : score > otherScore;
}

/** The number of regular rows, without that of all others and without faults. */
function scoreOf({ rows, regular, faults }: Reading): number {
  return 2 * regular - rows.length - faults;
}

/** The rows of the beginning of a text, without a title above them, and without the last one if it may be incomplete. */
export function firstRows(sample: string, dialect: Dialect): readonly (readonly string[])[] {
  return read(sample.slice(0, sampleLength), dialect).rows.slice(dialect.headerRow ?? 0);
}

/** The most rows of a title. */
const longestTitle = 10;

/** Spreadsheets often have a title above the names of the columns: rows with at most one filled cell. */
function headerRow(rows: readonly (readonly string[])[]): number | null {
  if (isHeader(rows)) return 0;
  const isTitle = (cells: readonly string[]) => cells.filter((cell) => cell.trim() !== '').length < 2;
  const below = rows.findIndex((cells) => !isTitle(cells));
  return below > 0 && below <= longestTitle && isHeader(rows.slice(below)) ? below : null;
}

/**
 * Whether the first row names the columns. It does if all of its cells could be names, and if at least half of them and two
 * are known names, or all are known or written as text is not (`user_text`, `reply-1`), or one is above numbers only.
 */
function isHeader(rows: readonly (readonly string[])[]): boolean {
  const [first = [], ...others] = rows;
  const names = first.map((cell) => cell.trim());
  // pandas leaves the name of its index empty.
  const given = names.filter((name, column) => name !== '' || column > 0);
  if (given.length === 0 || !given.every(couldBeName)) return false;
  const known = new Set(given.filter(isColumnName)).size;
  if (known >= 2 && 2 * known >= given.length) return true;
  if (new Set(given).size < given.length) return false;
  if (given.every((name) => isColumnName(name) || /^\w{1,100}(?:_\w{1,100}|[/-]\d{1,100})$/.test(name)))
    return true;
  return names.some((name, column) => {
    const below = others.map((cells) => cells[column]?.trim() ?? '').filter((cell) => cell !== '');
    return name !== '' && below.length >= 2 && below.every(isNumber);
  });
}

/** Short, on one line, no number, and without the marks that end sentences. */
function couldBeName(cell: string): boolean {
  return cell !== '' && cell.length <= 40 && !/[\r\n.!?,;。！？，；…]/.test(cell) && !isNumber(cell);
}

function isNumber(cell: string): boolean {
  return /^[-+]?\d[\d.,:/ T+Z-]*$/.test(cell);
}
