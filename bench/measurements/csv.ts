// Reading CSV, against papaparse and udsv.

import type { CsvRowsResult } from '../csv-rows.js';
import { against, shown } from '../findings.js';
import type { Measurement, Subject } from '../measurement.js';
import { ours, type Situation } from '../situation.js';

const tables = [
  { quotes: 'no', name: 'CSV without quotes' },
  { quotes: 'some', name: 'CSV with quotes in every fourth row' },
  { quotes: 'all', name: 'CSV with quotes in every row' },
] as const;

export const csv: Subject<Situation> = {
  name: 'csv',
  about: 'reading 200,000 rows of CSV, and papaparse and udsv',
  measurements: (situation) => tables.map((table) => measurementOf(situation, table)),
};

function measurementOf({ smoke }: Situation, { quotes, name }: (typeof tables)[number]): Measurement {
  const program = ours<CsvRowsResult>('csv-rows', {
    label: 'ours and the peers in turns',
    args: ['--quotes', quotes, ...(smoke ? ['--rows', '2000', '--repetitions', '2'] : [])],
    value: ({ seconds }) =>
      Object.entries(seconds)
        .map(([library, time]) => `${library} ${time.toFixed(3)} s`)
        .join(', '),
  });
  return {
    name,
    programs: [program],
    findings(results) {
      const best = (library: string) =>
        Math.min(...results.of(program).map(({ seconds }) => seconds[library] ?? Number.NaN));
      return (['papaparse', 'udsv'] as const).map((peer) =>
        against(
          `${name}: ${peer}'s seconds over ours`,
          shown(best('ours'), 3),
          shown(best(peer), 3),
          best(peer) / best('ours'),
          1,
          'at least',
        ),
      );
    },
  };
}
