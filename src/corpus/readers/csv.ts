// Reads a table (CSV, TSV) as records: one for each row, with the names of the columns as its fields. table-rows.ts and other
// record readers know what the fields mean. A table without names is read if it has two columns, a text and the answer;
// columns of numbers do not count.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { quoted } from '../../quote.js';
import { type CsvRow, csvRows, type Dialect } from '../csv.js';
import { columnsOf } from '../csv-columns.js';
import { csvDialect, firstRows, sampleLength } from '../csv-dialect.js';
import { type NamedColumn, namedColumns, nameHeader, withNames } from '../named-columns.js';
import type { Certainty, PlacedRecord, RecordSource, Rejected, Sample } from '../reader.js';
import type { Tally } from '../tally.js';
import { beginningOfText } from '../text-file.js';
import { judgementFields } from './judgement.js';
import { namesOf } from './record.js';

export const csv: RecordSource = {
  format: 'csv',
  about: 'tables (CSV, TSV) with a row for each question and answer, or for each message',
  example: {
    'faq.csv': 'question;answer\n"Open on Sunday?";"Until six; on holidays\nuntil two."\n',
  },
  isNotation: true,
  remedy: `say what the columns mean, for example ${option('columns', 'question=1,response=2')}`,
  recognizes: certaintyOf,
  *records(file, { options, tally }) {
    const beginning = beginningOfText(file, sampleLength).slice(0, sampleLength);
    const dialect = csvDialect(beginning);
    if (!dialect)
      throw new UserError(
        'corpus-format-unknown',
        `${file.path} is no table: less than half of its lines have the same number of columns; separate the columns by commas, semicolons, tabs or |, and put quotes around text that contains them`,
      );
    const named = namedColumns(options.columns);
    const [first = []] = firstRows(beginning, dialect);
    const columns =
      named.length > 0 ? chosenColumns(file.path, first, named) : columnsIn(file.path, beginning, dialect);
    const headerRow = dialect.headerRow ?? (nameHeader(first, named) ? 0 : -1);
    yield* recordsOf(csvRows(file.pieces(), dialect), columns, headerRow, tally);
  },
};

function certaintyOf({ name, text }: Sample): Certainty {
  if (/^\s*[[{]/.test(text)) return 'no';
  const dialect = csvDialect(text);
  if (!dialect) return 'no';
  const [header = []] = firstRows(text, dialect);
  const isKnown = dialect.headerRow !== null && columnsOf(header) !== null;
  // DialoGPT's lines are no table: their quotes and the marks between their turns are text.
  if (dialect.delimiter === '\t') {
    const isQuoted = dialect.quotes !== 'none' && /(?:^|\t|\n)"/.test(text);
    return isKnown && (header.length > 2 || isQuoted) ? 'sure' : 'no';
  }
  if (isKnown) return 'sure';
  return name.endsWith('.csv') ? 'maybe' : 'no';
}

/** The names of the columns. Null for a column that is not read. */
type ColumnNames = readonly (string | null)[];

function chosenColumns(path: string, first: readonly string[], named: readonly NamedColumn[]): ColumnNames {
  const names = withNames(first, named);
  if (names) return names;
  const missing = named.find((one) => withNames(first, [one]) === null);
  throw new UserError(
    'option-invalid',
    `${option('columns')} names the column ${quoted(missing?.column)}, which ${path} does not have; its first row is ${namesOf(first.slice(0, 10))}`,
  );
}

function columnsIn(path: string, beginning: string, dialect: Dialect): ColumnNames {
  const [first = [], ...others] = firstRows(beginning, dialect);
  if (dialect.headerRow !== null) return distinct(first);
  const isText = first.map((_, column) =>
    [first, ...others].some((cells) => !/^[\s\d.,:/-]*$/.test(cells[column] ?? '')),
  );
  const columns = isText.flatMap((is, column) => (is ? [column] : []));
  if (columns.length === 2)
    return isText.map((_, column) => ['text', 'response'][columns.indexOf(column)] ?? null);
  throw new UserError(
    'corpus-format-unknown',
    `${path} has ${columns.length} columns of text, and its first line does not name them; add a first line such as "question,answer", or name them with ${option('columns', 'question=1,response=2')}`,
  );
}

/** Of two columns with one name, the other has its number beside it, so that no reader takes it for the first. */
function distinct(names: readonly string[]): string[] {
  return names.map((written, index) => {
    const name = written.trim();
    if (name === '') return `column ${index + 1}`;
    const isFirst = names.findIndex((other) => other.trim() === name) === index;
    return isFirst ? name : `${name} (column ${index + 1})`;
  });
}

/** @param headerRow the index of the row that names the columns, or -1. */
function* recordsOf(
  rows: Iterable<CsvRow>,
  columns: ColumnNames,
  headerRow: number,
  tally: Tally,
): Generator<PlacedRecord | Rejected> {
  let index = -1;
  for (const row of rows) {
    if (row.kind === 'rejected') {
      yield { rejected: row.reason, line: row.line };
      continue;
    }
    index++;
    if (index < headerRow) tally.skip('above the names of the columns', row.line);
    if (index <= headerRow) continue;
    if (row.cells.slice(columns.length).some((cell) => cell.trim() !== ''))
      yield { rejected: 'a row with more cells than columns', line: row.line };
    else yield { value: recordOf(row.cells, columns), line: row.line };
  }
}

/** Cells that a row lacks at its end are empty. */
function recordOf(cells: readonly string[], columns: ColumnNames): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const [column, name] of columns.entries()) {
    if (name === null) continue;
    const cell = cells[column] ?? '';
    record[name] = judgementFields.includes(name.toLowerCase()) ? typedCell(cell) : cell;
  }
  return record;
}

/** Weights and ratings are numbers and truth values in other formats. */
function typedCell(cell: string): unknown {
  const word = cell.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  return /^-?\d+(?:\.\d+)?$/.test(word) ? Number(word) : cell;
}
