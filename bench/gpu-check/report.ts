// The report of a check: JSON to keep, a table to read. It is rewritten after every step, so that an interrupted check
// keeps its results. A later check of other parts extends the report of the same card and day.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../src/files/atomic.js';
import { type Finding, table } from '../findings.js';
import { type Outcome, type Part, parts, type TestSummary } from './step.js';

export interface Report {
  /** When the last check that wrote to it finished; null while one runs, or if it was interrupted. */
  readonly finishedAt: string | null;
  /** The command-line arguments. */
  readonly arguments: readonly string[];
  /** Whether it ran on the emulated card, or on a real one with the same small sizes. */
  readonly smoke: boolean;
  readonly card: string;
  readonly outcomes: readonly Outcome[];
  /** Empty with `smoke`, which measures nothing. */
  readonly findings: readonly Finding[];
}

/** bench/results/<date>-<card>.json. */
export function reportPath(card: string, date: Date): string {
  const folder = fileURLToPath(new URL('../../../bench/results/', import.meta.url));
  const name = card.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return join(folder, `${date.toISOString().slice(0, 10)}-${name}.json`);
}

/** The outcomes of an earlier check of that card, for the parts that this one does not run. */
export function earlierOutcomes(path: string, card: string, only: readonly Part[]): Outcome[] {
  if (!existsSync(path)) return [];
  try {
    const earlier = JSON.parse(readFileSync(path, 'utf8')) as Report;
    if (earlier.card !== card) return [];
    return earlier.outcomes.filter(({ part }) => part !== 'environment' && !only.includes(part));
  } catch {
    // Not one of our reports. It is overwritten, because the new measurements cost time on a card.
    return [];
  }
}

/** Sorted by part. */
export function sortedByPart(outcomes: readonly Outcome[]): Outcome[] {
  return [...outcomes].sort((one, other) => parts.indexOf(one.part) - parts.indexOf(other.part));
}

export function writeReport(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** As Markdown. */
export function toMarkdown({ card, outcomes, findings }: Report): string {
  const rows = outcomes.map((outcome) => [
    outcome.part,
    outcome.name,
    outcome.status,
    outcome.seconds.toFixed(1),
    remark(outcome),
  ]);
  const head = ['part', 'step', 'result', 's', ''];
  const steps = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [`## ${card}`, '', ...steps, ...(findings.length > 0 ? ['', table(findings)] : [])].join('\n');
}

/** One line that fits a table cell. */
export function remark({ status, result, words }: Outcome): string {
  const summary = result as Partial<TestSummary> | null;
  const counts =
    summary?.failures === undefined
      ? ''
      : `${summary.passed} passed${summary.failures.length > 0 ? `, ${summary.failures.length} failed: ` : ''}`;
  // Node.js surrounds a thrown error with other lines.
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  const message = lines.find((line) => /^(\w*Error\b|error:)/.test(line)) ?? lines[0] ?? '';
  const why = status === 'passed' ? '' : message;
  return `${counts}${why.slice(0, 160)}`.replaceAll('|', '\\|');
}
