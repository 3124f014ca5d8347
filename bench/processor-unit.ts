// Which unit for bf16 products the processor has. It decides which goals apply: without one, bf16 saves memory but no time.

import { readFileSync } from 'node:fs';

export type ProcessorUnit = 'AMX' | 'AVX-512 BF16' | 'Arm BF16';

/** A goal by the processor's unit; `none` is for a processor without one. No goal where there is no number. */
export type GoalByUnit = Readonly<Partial<Record<ProcessorUnit | 'none', number>>>;

export const withAnyUnit = (goal: number): GoalByUnit => ({
  AMX: goal,
  'AVX-512 BF16': goal,
  'Arm BF16': goal,
});
export const everywhere = (goal: number): GoalByUnit => ({ ...withAnyUnit(goal), none: goal });

export function goalOn(unit: ProcessorUnit | undefined, goals: GoalByUnit): number | undefined {
  return goals[unit ?? 'none'];
}

/** @param cpuinfo the text of /proc/cpuinfo. */
export function processorUnit(cpuinfo = readCpuinfo()): ProcessorUnit | undefined {
  const words = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/));
  if (words.has('amx_bf16')) return 'AMX';
  if (words.has('avx512_bf16')) return 'AVX-512 BF16';
  return words.has('bf16') ? 'Arm BF16' : undefined;
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
