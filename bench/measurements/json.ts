// Reading JSON from disk record by record, against JSON.parse and @streamparser/json.

import { against, shown } from '../findings.js';
import type { JsonRecordsResult } from '../json-records.js';
import type { Measurement, Subject } from '../measurement.js';
import { ours, type Situation } from '../situation.js';

const layouts = [
  { layout: 'list', name: 'A JSON list', peers: ['JSON.parse', '@streamparser/json'] },
  { layout: 'lines', name: 'JSON lines', peers: ['JSON.parse'] },
] as const;

export const json: Subject<Situation> = {
  name: 'json',
  about: 'reading 200,000 dialogues from JSON, and JSON.parse and @streamparser/json',
  measurements: (situation) => layouts.map((layout) => measurementOf(situation, layout)),
};

function measurementOf({ smoke }: Situation, { layout, name, peers }: (typeof layouts)[number]): Measurement {
  const program = ours<JsonRecordsResult>('json-records', {
    label: 'ours and the peers in turns',
    args: ['--layout', layout, ...(smoke ? ['--records', '2000', '--repetitions', '2'] : [])],
    value: ({ seconds }) =>
      Object.entries(seconds)
        .map(([reader, time]) => `${reader} ${time.toFixed(3)} s`)
        .join(', '),
  });
  return {
    name,
    programs: [program],
    findings(results) {
      const best = (reader: string) =>
        Math.min(...results.of(program).map(({ seconds }) => seconds[reader] ?? Number.NaN));
      return peers.map((peer) =>
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
