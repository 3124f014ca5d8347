// What a measurement of the benchmark is: programs of ours and of peers that take turns, and what is concluded from their
// results. Knows no measurement.

import type { Finding } from './findings.js';

export interface Program<Result = unknown> {
  /** Unique within its measurement: `ours in bf16`. The report finds results by it. */
  readonly label: string;
  readonly part: 'bench' | 'peers';
  readonly command: string;
  /** Those of a program that needs the results of an earlier one; undefined if there are none. */
  readonly args: readonly string[] | ((results: Results) => readonly string[] | undefined);
  readonly limitSeconds: number;
  /** How many rounds it takes part in. Default: all. */
  readonly rounds?: number;
  /** Why it cannot run here. */
  readonly notOffered?: string | undefined;
  /** The result in a few words, for a line of output. */
  value(result: Result): string;
}

export interface Measurement {
  /** Unique: `step, 1 x 512 tokens`. */
  readonly name: string;
  /** In the order in which they run in a round. */
  readonly programs: readonly Program[];
  findings(results: Results): Finding[];
}

/** The results of one measurement. */
export interface Results {
  /** One for each round in which the program passed. */
  of<Result>(program: Program<Result>): readonly Result[];
}

/** Measurements that `--only` names together. */
export interface Subject<Situation> {
  readonly name: string;
  /** For `--help`. */
  readonly about: string;
  measurements(situation: Situation): readonly Measurement[];
}
