// The report of a check: JSON to keep, tables to read. It is rewritten after every step, so that an interrupted check keeps
// its results. A later check of other parts extends the report of the same card and day, and reports of the same card can
// be merged.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../../src/errors.js';
import { writeFileAtomic } from '../../src/files/atomic.js';
import { isRecord } from '../../src/objects.js';
import { oneLine, quoted } from '../../src/quote.js';
import { type Finding, markdownTable, table } from '../findings.js';
import { findings } from './goals.js';
import { type Outcome, parts, type TestSummary } from './step.js';
import { measurementTables } from './tables.js';

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

/** Sorts outcomes by part and compares them with the goals. */
export function reportOf(about: Omit<Report, 'findings'>): Report {
  const outcomes = [...about.outcomes].sort(
    (one, other) => parts.indexOf(one.part) - parts.indexOf(other.part),
  );
  return { ...about, outcomes, findings: about.smoke ? [] : findings(outcomes) };
}

/** The outcomes of an earlier check of that card that this one does not replace. */
export function earlierOutcomes(
  path: string,
  card: string,
  replaces: (earlier: Outcome) => boolean,
): Outcome[] {
  if (!existsSync(path)) return [];
  try {
    const earlier = JSON.parse(readFileSync(path, 'utf8')) as Report;
    if (earlier.card !== card) return [];
    return earlier.outcomes.filter((outcome) => outcome.part !== 'environment' && !replaces(outcome));
  } catch {
    // Not one of our reports. It is overwritten, because the new measurements cost time on a card.
    return [];
  }
}

/**
 * One report of the same card from several. An outcome that several of them contain counts once.
 * @throws UserError (usage) if a report cannot be read, or is of another card
 */
export function merged(paths: readonly string[], args: readonly string[]): Report {
  const reports = paths.map(readReport);
  const [first] = reports;
  if (first === undefined) throw new RangeError('no reports to merge');
  const { card, smoke } = first;
  for (const [index, other] of reports.entries())
    if (other.card !== card || other.smoke !== smoke)
      throw new UserError(
        'options-conflict',
        `--merge: ${quoted(paths[index])} is of ${described(other)}, and ${quoted(paths[0])} is of ${described(first)}; merge reports of one card.`,
      );
  const unique = new Map<string, Outcome>();
  for (const outcome of reports.flatMap(({ outcomes }) => outcomes))
    unique.set(`${outcome.name} ${outcome.startedAt}`, outcome);
  const finished = reports.map(({ finishedAt }) => finishedAt).sort();
  const finishedAt = finished.includes(null) ? null : (finished.at(-1) ?? null);
  return reportOf({ card, smoke, finishedAt, arguments: args, outcomes: [...unique.values()] });
}

function described({ card, smoke }: Report): string {
  return `${oneLine(card, 80)}${smoke ? ' with --smoke' : ''}`;
}

function readReport(path: string): Report {
  const refused = (why: string) =>
    new UserError('option-invalid', `--merge: ${quoted(path)} is not a report of gpu-check: ${why}.`);
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw refused(oneLine(messageOf(thrown), 200));
  }
  if (!isRecord(found) || typeof found.card !== 'string' || !Array.isArray(found.outcomes))
    throw refused('it has no card and no outcomes');
  return found as unknown as Report;
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
  const late = outcomes.filter(({ status }) => status === 'no time left').map(({ name }) => name);
  return [
    `## ${card}`,
    markdownTable(['part', 'step', 'result', 's', ''], rows),
    ...(late.length > 0 ? [`No time was left for: ${late.join('; ')}.`] : []),
    ...measurementTables(outcomes),
    ...(findings.some(({ met }) => met !== null) ? ['### Goals', table(findings)] : []),
  ].join('\n\n');
}

/** One line that fits a table cell. */
export function remark({ status, result, words }: Outcome): string {
  const { passed, failures } = (result ?? {}) as Partial<TestSummary>;
  // Node.js surrounds a thrown error with other lines.
  const lines = words.split('\n').filter((line) => line.trim() !== '');
  const message = lines.find((line) => /^(\w*Error\b|\w+ \[\w*Error\]|error:)/.test(line)) ?? lines[0] ?? '';
  const why = status === 'passed' ? '' : message.slice(0, 160);
  const counts = [
    ...(failures === undefined ? [] : [`${passed} passed`]),
    ...(failures === undefined || failures.length === 0 ? [] : [`${failures.length} failed`]),
  ].join(', ');
  return [counts, why]
    .filter((words) => words !== '')
    .join(': ')
    .replaceAll('|', '\\|');
}
