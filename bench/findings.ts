// Formats the results of measurements as a table: ours, the peer's, the goal, and whether it is met. Values that were not
// measured are shown as missing.

/** One row of the table. */
export interface Finding {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  /** Ours divided by the peer's, or another value that the goal is about. */
  readonly reached: number | string;
  readonly goal: string;
  /** null if there is no value or no goal. */
  readonly met: boolean | null;
}

/** @param goal undefined if there is none on this processor. */
export function ratio(
  what: string,
  ours: number,
  theirs: number,
  goal: number | undefined,
  sense: Sense,
): Finding {
  return against(what, shown(ours), shown(theirs), ours / theirs, goal, sense);
}

export type Sense = 'at least' | 'at most';

/** @param goal undefined if there is none on this processor. */
export function against(
  what: string,
  ours: string,
  peer: string,
  reached: number,
  goal: number | undefined,
  sense: Sense,
): Finding {
  const about = { what, ours, peer, goal: goalText(goal, sense) };
  if (Number.isNaN(reached)) return { ...about, reached: 'missing', met: null };
  const met = goal === undefined ? null : sense === 'at least' ? reached >= goal : reached <= goal;
  return { ...about, reached: reached.toFixed(2), met };
}

export function missing(what: string, goal: string): Finding {
  return { what, ours: 'missing', peer: 'missing', reached: 'missing', goal, met: null };
}

export function goalText(goal: number | undefined, sense: Sense): string {
  return goal === undefined ? 'no goal on this processor' : `${sense} ${goal}`;
}

/** A number for a cell of the table. @param digits default: 2 below 10, otherwise 1 */
export function shown(value: number, digits = value < 10 ? 2 : 1): string {
  return Number.isNaN(value) ? 'missing' : value.toFixed(digits);
}

/** In Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Findings as a Markdown table. */
export function table(lines: readonly Finding[]): string {
  const rows = lines.map((line) => [
    line.what,
    line.ours,
    line.peer,
    String(line.reached),
    line.goal,
    verdict(line),
  ]);
  return markdownTable(['measured', 'ours', 'peer', 'reached', 'goal', ''], rows);
}

function verdict({ met, reached }: Finding): string {
  if (met !== null) return met ? 'met' : 'missed';
  return reached === 'missing' ? 'missing' : '';
}
