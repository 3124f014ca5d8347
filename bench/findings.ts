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
  readonly met: boolean | null;
}

export function ratio(what: string, ours: number, theirs: number, goal: number, sense: Sense): Finding {
  const digits = ours < 10 ? 2 : 1;
  return against(what, ours.toFixed(digits), theirs.toFixed(digits), ours / theirs, goal, sense);
}

export type Sense = 'at least' | 'at most';

export function against(
  what: string,
  ours: string,
  peer: string,
  reached: number,
  goal: number,
  sense: Sense,
): Finding {
  if (Number.isNaN(reached)) return { ...missing(what, `${sense} ${goal}`), ours };
  const met = sense === 'at least' ? reached >= goal : reached <= goal;
  return { what, ours, peer, reached: reached.toFixed(2), goal: `${sense} ${goal}`, met };
}

export function missing(what: string, goal: string): Finding {
  return { what, ours: 'missing', peer: 'missing', reached: 'missing', goal, met: null };
}

/** In Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Findings as a Markdown table. */
export function table(lines: readonly Finding[]): string {
  const verdict = (met: boolean | null) => (met === null ? 'missing' : met ? 'met' : 'missed');
  const rows = lines.map((line) => [
    line.what,
    line.ours,
    line.peer,
    String(line.reached),
    line.goal,
    verdict(line.met),
  ]);
  return markdownTable(['measured', 'ours', 'peer', 'reached', 'goal', ''], rows);
}
