// How long a user waits for the first step of the quickstart, and for help.

import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Subject } from '../measurement.js';
import { ours, type Situation } from '../situation.js';
import type { StartupResult } from '../startup.js';

/** Seconds. */
const goals = [
  { what: 'quickstart, command to first step', part: 'firstStep', goal: 3 },
  { what: 'the same with --eval-ratio 0', part: 'firstStepUnevaluated', goal: 3 },
  { what: 'chatbot-train --help', part: 'help', goal: 0.15 },
] as const satisfies readonly { what: string; part: keyof StartupResult; goal: number }[];

export const startup: Subject<Situation> = {
  name: 'startup',
  about: 'the time to the first step of the quickstart, and of --help',
  measurements({ smoke }) {
    const program = ours<StartupResult>('startup', {
      label: 'ours',
      args: ['--runs', smoke ? '1' : '3'],
      value: ({ firstStep, help }) => `${firstStep.toFixed(3)} s, --help ${help.toFixed(3)} s`,
    });
    return [
      {
        name: 'start of the quickstart',
        programs: [program],
        findings: (results) => {
          const measured = results.of(program);
          const seconds = (part: keyof StartupResult) => median(measured.map((result) => result[part]));
          const node = `node -e 0: ${shown(seconds('node'), 3)}`;
          return goals.map(({ what, part, goal }) =>
            against(`${what}, s`, shown(seconds(part), 3), node, seconds(part), goal, 'at most'),
          );
        },
      },
    ];
  },
};
