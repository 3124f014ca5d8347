// The report of a benchmark run: JSON to keep, a table to read. It is rewritten after every result, so that an interrupted
// run keeps its results. A later run on the same day extends it: a measurement's earlier results stay until it has new ones.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/files/atomic.js';
import { isRecord } from '../src/objects.js';
import { type Finding, table } from './findings.js';
import { type Measured, type Planned, resultsOf } from './rounds.js';

export interface Machine {
  readonly processor: string;
  /** The unit for bf16 products: AMX, for example; null without one. */
  readonly unit: string | null;
  readonly threads: number;
  readonly device: string;
  readonly node: string;
}

export interface Report {
  /** null while a run writes to it, or if the last one was interrupted. */
  readonly finishedAt: string | null;
  /** The command-line arguments. */
  readonly arguments: readonly string[];
  /** Whether the sizes were tiny, so that the values mean nothing. */
  readonly smoke: boolean;
  readonly machine: Machine;
  readonly findings: readonly Finding[];
  readonly outcomes: readonly Measured[];
}

/** bench/results/<date>-<processor>.json, or with a number if that file is something else. */
export function reportPath(processor: string, date: Date): string {
  const folder = fileURLToPath(new URL('../../bench/results/', import.meta.url));
  const name = `${date.toISOString().slice(0, 10)}-${processor.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}.json`);
    if (!existsSync(path) || readReport(path) !== undefined) return path;
  }
}

/** undefined if the file is not a report. */
export function readReport(path: string): Report | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(read) && isRecord(read.machine) && Array.isArray(read.outcomes)
      ? (read as unknown as Report)
      : undefined;
  } catch {
    return undefined;
  }
}

export class RunReport {
  readonly #outcomes: Measured[] = [];
  readonly #earlier: readonly Measured[];

  /**
   * @param all everything that could be measured, in the order of the table.
   * @param only the subjects that this run measures. The table has others if the file has results of theirs.
   */
  constructor(
    private readonly path: string,
    private readonly all: readonly Planned[],
    private readonly only: readonly string[],
    private readonly about: Pick<Report, 'arguments' | 'smoke' | 'machine'>,
  ) {
    this.#earlier = earlierOutcomes(path, about);
  }

  add(outcome: Measured): void {
    this.#outcomes.push(outcome);
    this.write(null);
  }

  finish(): void {
    this.write(new Date().toISOString());
  }

  findings(): Finding[] {
    const outcomes = this.outcomes();
    const known = new Set(outcomes.map(({ measurement }) => measurement));
    return this.all
      .filter(({ subject, measurement }) => this.only.includes(subject) || known.has(measurement.name))
      .flatMap(({ measurement }) => measurement.findings(resultsOf(outcomes, measurement.name)));
  }

  /** The table, and what had no time. */
  toMarkdown(): string {
    const { smoke, machine } = this.about;
    const { processor, unit, threads } = machine;
    const late = this.#outcomes
      .filter(({ status }) => status === 'no time left')
      .map(({ name, round }) => `${name} (round ${round})`);
    return [
      `## ${processor}, ${unit ?? 'no unit for bf16'}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      ...(smoke ? ['Tiny sizes, to test the benchmark itself: the values mean nothing.'] : []),
      table(this.findings()),
      ...(late.length > 0 ? [`No time was left for: ${late.join('; ')}.`] : []),
    ].join('\n\n');
  }

  private outcomes(): Measured[] {
    const replaced = new Set(
      this.#outcomes.filter(({ status }) => status === 'passed').map(({ measurement }) => measurement),
    );
    return [...this.#earlier.filter(({ measurement }) => !replaced.has(measurement)), ...this.#outcomes];
  }

  private write(finishedAt: string | null): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const report: Report = {
      finishedAt,
      ...this.about,
      findings: this.findings(),
      outcomes: this.outcomes(),
    };
    writeFileAtomic(this.path, `${JSON.stringify(report, null, 2)}\n`);
  }
}

/** Those of a report of the same machine, with as many threads and the same sizes. */
function earlierOutcomes(
  path: string,
  { machine, smoke }: Pick<Report, 'machine' | 'smoke'>,
): readonly Measured[] {
  const report = readReport(path);
  const isSame =
    report?.machine.processor === machine.processor &&
    report.machine.threads === machine.threads &&
    report.smoke === smoke;
  return isSame ? report.outcomes : [];
}
