// What decides which steps run: the flags, and what the machine has.

import type { Precision } from '../../src/device/device.js';
import type { ConformancePart } from '../../test/device/conformance.js';
import { program } from '../measure.js';
import type { Environment } from './environment.js';
import type { Step } from './step.js';

export interface Wanted {
  readonly device: string;
  readonly python: string;
  /** A file of dialogues in Persona-Chat format. */
  readonly data: string | undefined;
  readonly smoke: boolean;
  readonly rounds: number;
  /** A folder in which steps leave files for later steps. */
  readonly scratch: string;
}

export interface Situation extends Wanted {
  readonly environment: Environment;
}

/** Most important first, in case time runs out. */
export const precisions: readonly Precision[] = ['bf16', 'fp32', 'fp16'];
export const conformanceParts = ['attention', 'products', 'rest'] as const satisfies ConformancePart[];

/** Why a precision is unavailable here; empty if it is available. */
export function precisionAvailability(
  { environment }: Situation,
  precision: Precision,
): Pick<Step, 'notOffered'> {
  if (environment.precisions.includes(precision)) return {};
  return { notOffered: `the device trains in ${environment.precisions.join(', ')}, not in ${precision}` };
}

/** A step that runs one of our programs with Node. */
export function ours(
  name: string,
  about: { name: string; series?: string; limit?: number },
  args: string[],
): Step {
  const { limit = 180, ...rest } = about;
  return {
    ...rest,
    part: 'bench',
    command: process.execPath,
    args: [program(name), ...args],
    limitSeconds: limit,
    prints: 'program',
  };
}

/** The precision of the benchmark: bf16, or fp16 on a card before Ampere. */
export function fastest({ environment }: Situation): Precision {
  return environment.precisions.includes('bf16') ? 'bf16' : 'fp16';
}

/** Sequences of 1024 per step that fit on the card, for ours and for the peers: a power of two. */
export function rowsOf({ environment: { totalMemory } }: Situation): number {
  const gigabytes = totalMemory / 1e9;
  return Math.min(16, Math.max(1, 2 ** Math.floor(Math.log2(gigabytes / 4))));
}
