// Readers that take turns in one process: ours and the peers', by the best time of each.

import { against, shown } from '../findings.js';
import type { Measurement } from '../measurement.js';
import { ours, type Situation } from '../situation.js';

/** What the program prints: the best time of each reader. */
interface InTurns {
  readonly seconds: Readonly<Record<string, number>>;
}

export interface InTurnsOptions {
  /** The program in bench/. */
  readonly program: string;
  readonly args: readonly string[];
  readonly smokeArgs: readonly string[];
  readonly name: string;
  readonly peers: readonly string[];
}

export function measuredInTurns({ smoke }: Situation, options: InTurnsOptions): Measurement {
  const { name, peers, args, smokeArgs } = options;
  const program = ours<InTurns>(options.program, {
    label: 'ours and the peers in turns',
    args: [...args, ...(smoke ? smokeArgs : [])],
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
