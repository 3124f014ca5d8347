// Programs and measurements for the tests of the benchmark: each program is a line of JavaScript.

import type { Measurement, Program } from './measurement.js';

interface FakeResult {
  readonly speed: number;
}

export function fakeProgram(
  label: string,
  script: string,
  more: Partial<Program<FakeResult>> = {},
): Program<FakeResult> {
  return {
    label,
    part: 'bench',
    command: process.execPath,
    args: ['-e', script],
    limitSeconds: 60,
    value: ({ speed }) => `${speed.toFixed(0)} things/s`,
    ...more,
  };
}

/** A script that prints a result. */
export function prints(speed: number): string {
  return `console.log(JSON.stringify({ speed: ${speed} }))`;
}

/** Its finding is met if each program has a result. */
export function fakeMeasurement(name: string, programs: readonly Program<FakeResult>[]): Measurement {
  return {
    name,
    programs,
    findings: (results) => {
      const counts = programs.map((program) => results.of(program).length);
      return [
        {
          what: name,
          ours: String(counts[0]),
          peer: String(counts[1] ?? ''),
          reached: Math.min(...counts),
          goal: 'at least 1',
          met: counts.every((count) => count > 0),
        },
      ];
    },
  };
}
