// Reading JSON from disk record by record, against JSON.parse and @streamparser/json.

import type { Subject } from '../measurement.js';
import type { Situation } from '../situation.js';
import { measuredInTurns } from './in-turns.js';

const layouts = [
  { layout: 'list', name: 'A JSON list', peers: ['JSON.parse', '@streamparser/json'] },
  { layout: 'lines', name: 'JSON lines', peers: ['JSON.parse'] },
] as const;

export const json: Subject<Situation> = {
  name: 'json',
  about: 'reading 200,000 dialogues from JSON, and JSON.parse and @streamparser/json',
  measurements: (situation) =>
    layouts.map(({ layout, name, peers }) =>
      measuredInTurns(situation, {
        program: 'json-records',
        args: ['--layout', layout],
        smokeArgs: ['--records', '2000', '--repetitions', '2'],
        name,
        peers,
      }),
    ),
};
