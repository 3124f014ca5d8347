// What the steps are chosen by: what was asked for, and what the machine turned out to have.

import type { Precision } from '../../src/device/device.js';
import { program } from '../measure.js';
import type { Environment } from './environment.js';
import type { Step } from './step.js';

export interface Wanted {
  readonly device: string;
  readonly python: string;
  /** Dialogues in the form of Persona-Chat. */
  readonly data: string | undefined;
  readonly smoke: boolean;
  readonly rounds: number;
  /** A folder for what one step leaves for another. */
  readonly scratch: string;
}

export interface Situation extends Wanted {
  readonly environment: Environment;
}

export const precisions: readonly Precision[] = ['fp32', 'bf16', 'fp16'];

/** Why a precision cannot be had here, if it cannot. */
export function unless({ environment }: Situation, precision: Precision): Pick<Step, 'notOffered'> {
  if (environment.precisions.includes(precision)) return {};
  return { notOffered: `the device trains in ${environment.precisions.join(', ')}, not in ${precision}` };
}

/** Of ours, in a process of Node's. */
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

/** The precision of the benchmark: fp16 on a card before Ampere. */
export function fastest({ environment }: Situation): Precision {
  return environment.precisions.includes('bf16') ? 'bf16' : 'fp16';
}
