// Reading CSV, against papaparse and udsv.

import type { Subject } from '../measurement.js';
import type { Situation } from '../situation.js';
import { measuredInTurns } from './in-turns.js';

const tables = [
  { quotes: 'no', name: 'CSV without quotes' },
  { quotes: 'some', name: 'CSV with quotes in every fourth row' },
  { quotes: 'all', name: 'CSV with quotes in every row' },
] as const;

export const csv: Subject<Situation> = {
  name: 'csv',
  about: 'reading 200,000 rows of CSV, and papaparse and udsv',
  measurements: (situation) =>
    tables.map(({ quotes, name }) =>
      measuredInTurns(situation, {
        program: 'csv-rows',
        args: ['--quotes', quotes],
        smokeArgs: ['--rows', '2000', '--repetitions', '2'],
        name,
        peers: ['papaparse', 'udsv'],
      }),
    ),
};
