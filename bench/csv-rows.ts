// Times reading a CSV file from memory row by row: ours, papaparse and udsv take turns in one process, and the best time of
// each counts. The table is made here: 200,000 questions and answers, and a number for each.
//
//     node dist/bench/csv-rows.js --quotes some

import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { csvRows } from '../src/corpus/csv.js';
import { csvDialect } from '../src/corpus/csv-dialect.js';
import { Random } from '../src/random.js';
import { csvPeers } from './situation.js';

export interface CsvRowsResult {
  readonly megabytes: number;
  /** The best time of each library in seconds. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** The parts of the peers that are used. They are no dependencies, so their types are not there. */
interface Papaparse {
  readonly default: { parse(text: string, options: object): { readonly data: readonly string[][] } };
}
interface Udsv {
  inferSchema(text: string): unknown;
  initParser(schema: unknown): { stringArrs(text: string): readonly string[][] };
}

const { values } = parseArgs({
  options: {
    quotes: { type: 'string', default: 'some' },
    rows: { type: 'string', default: '200000' },
    repetitions: { type: 'string', default: '9' },
  },
});
const shares: Readonly<Record<string, number>> = { no: 0, some: 0.25, all: 1 };
const text = table(Number(values.rows), shares[values.quotes] ?? 0);
const pieces = Array.from({ length: Math.ceil(text.length / 2 ** 20) }, (_, index) =>
  text.slice(index * 2 ** 20, (index + 1) * 2 ** 20),
);

const libraries: Record<string, () => number> = { ours };
if (Object.values(csvPeers).every((file) => existsSync(file))) {
  const { default: papa } = (await import(pathToFileURL(csvPeers.papaparse).href)) as Papaparse;
  const { inferSchema, initParser } = (await import(pathToFileURL(csvPeers.udsv).href)) as Udsv;
  libraries.papaparse = () => cells(papa.parse(text, { delimiter: ',' }).data);
  libraries.udsv = () => cells(initParser(inferSchema(text)).stringArrs(text));
}

const best: Record<string, number> = {};
for (let repetition = 0; repetition < Number(values.repetitions); repetition++)
  for (const [name, read] of Object.entries(libraries)) {
    const start = performance.now();
    // udsv leaves out the header.
    if (read() < 3 * Number(values.rows)) throw new Error(`${name} lost cells`);
    const seconds = (performance.now() - start) / 1000;
    best[name] = Math.min(best[name] ?? seconds, seconds);
  }
const result: CsvRowsResult = { megabytes: text.length / 1e6, seconds: best };
console.log(JSON.stringify(result));

function ours(): number {
  const dialect = csvDialect(text);
  if (!dialect) throw new Error('no dialect');
  let count = 0;
  for (const row of csvRows(pieces, dialect)) if (row.kind === 'row') count += row.cells.length;
  return count;
}

function cells(rows: readonly (readonly string[])[]): number {
  return rows.reduce((sum, row) => sum + row.length, 0);
}

/** @param share the share of the rows with quotes, in which a cell has a line end and the other one quotes. */
function table(rows: number, share: number): string {
  const random = new Random(1);
  const words =
    'the order is late and we would like to know when it comes please thank you very much for your help'.split(
      ' ',
    );
  const sentence = (length: number) =>
    Array.from({ length }, () => words[random.below(words.length)]).join(' ');
  const lines = Array.from({ length: rows }, (_, index) => {
    const [question, answer] = [sentence(8), sentence(9)];
    return random.below(100) < 100 * share
      ? `${index},"${question}, ""${answer.slice(0, 5)}""","${answer},\nand"`
      : `${index},${question},${answer}`;
  });
  return `id,question,answer\n${lines.join('\n')}\n`;
}
