// The steps of the check, in order: first correctness, then speed, then ours and the peers' alternating. Knows commands
// and time limits, not what their results mean. `--smoke` runs the same on an emulated card with small sizes.

import type { Precision } from '../../src/device/device.js';
import type { ConformancePart } from '../../test/device/conformance.js';
import { program } from '../measure.js';
import { comparisons } from './comparisons.js';
import type { Environment } from './environment.js';
import { measurements } from './measurements.js';
import { type SanitizerTool, sanitizerFlags, sanitizerTools } from './sanitizer.js';
import {
  conformanceParts,
  fastest,
  ours,
  precisionAvailability,
  precisions,
  type Situation,
  type Wanted,
} from './situation.js';
import type { Part, Step } from './step.js';
import { testRun } from './test-run.js';

export function environmentStep({ device, python }: Pick<Wanted, 'device' | 'python'>): Step {
  const args = [program('gpu-check/environment'), '--device', device, '--python', python];
  return {
    name: 'card, driver, libraries, Python',
    part: 'environment',
    command: process.execPath,
    args,
    limitSeconds: 180,
    prints: 'program',
  };
}

/** A visit to a card: the part of a check that fits into seven minutes and is useful alone. */
export type Visit = 1 | 2 | 3;

/** The steps once the environment is known, without those of parts that are not wanted. */
export function stepsOf(
  wanted: Wanted & { readonly only: readonly Part[]; readonly visit: Visit | undefined },
  environment: Environment,
): Step[] {
  const situation: Situation = { ...wanted, environment };
  const visits = { 1: correctness, 2: speed, 3: comparisons } as const;
  if (wanted.visit !== undefined) return visits[wanted.visit](situation);
  return [correctness, speed, comparisons, sanitizer]
    .flatMap((steps) => steps(situation))
    .filter(({ part }) => wanted.only.includes(part));
}

/** Conformance and goldens. */
function correctness(situation: Situation): Step[] {
  return [
    openedTwice(situation),
    ...precisions.flatMap((precision) =>
      conformanceParts.map((part) => conformance(situation, precision, part)),
    ),
    ...goldens(situation),
  ];
}

/** A real run, and what is measured without a peer. The other precisions' runs come last, in case time runs out. */
function speed(situation: Situation): Step[] {
  const others = precisions.filter((precision) => precision !== fastest(situation));
  return [
    shortRun(situation, fastest(situation)),
    ...measurements(situation),
    ...(situation.smoke ? [] : others).map((precision) => shortRun(situation, precision)),
  ];
}

/** Opens and disposes of the card twice: if that fails, nothing else can work. */
function openedTwice(situation: Situation): Step {
  const precision = fastest(situation);
  const args = ['--device', situation.device, '--precision', precision];
  return {
    ...ours(
      'gpu-check/opened-twice',
      { name: 'open, multiply and dispose, twice in one process', series: 'opened twice', limit: 60 },
      [...args, ...(situation.smoke ? ['--size', '64'] : [])],
    ),
    part: 'conformance',
    ...precisionAvailability(situation, precision),
  };
}

/** The parts have a time limit each, so that a slow one does not take the others' time. */
function conformance(situation: Situation, precision: Precision, part: ConformancePart): Step {
  const only = situation.smoke ? '^(attentionCached handles|sumRows|adamw with a gradient scale)' : undefined;
  return {
    name: `conformance of ${part === 'rest' ? 'all other operations' : part}, ${precision}`,
    part: 'conformance',
    command: process.execPath,
    ...testRun('bench/gpu-check/conformance', { device: situation.device, only, precision, part }),
    limitSeconds: 120,
    prints: 'tests',
    ...precisionAvailability(situation, precision),
  };
}

function goldens({ device, smoke }: Situation): Step[] {
  const only = smoke ? '^the logits match$' : undefined;
  const step: Step = {
    name: 'golden models: logits, gradients, 20 steps, fp32',
    part: 'goldens',
    command: process.execPath,
    ...testRun('test/goldens.test', { device, only }),
    limitSeconds: 120,
    prints: 'tests',
  };
  const half = testRun('test/goldens-half.test', { device, only: smoke ? 'logits' : undefined });
  return [step, { ...step, ...half, name: 'golden models: logits, gradients, 200 steps, bf16 and fp16' }];
}

/** Each tool once in each precision, because they take many times as long. */
function sanitizer(situation: Situation): Step[] {
  return precisions.flatMap((precision) =>
    sanitizerTools.map((tool) => sanitized(situation, precision, tool)),
  );
}

function sanitized(situation: Situation, precision: Precision, tool: SanitizerTool): Step {
  const { args, env } = testRun('bench/gpu-check/conformance', { device: situation.device, precision });
  const program = situation.environment.computeSanitizer?.program;
  const lacking = situation.smoke
    ? { notOffered: 'no compute-sanitizer with --smoke' }
    : program === undefined
      ? { notOffered: 'no compute-sanitizer on the path or in /usr/local/cuda/bin' }
      : {};
  return {
    name: `conformance under compute-sanitizer's ${tool}, ${precision}`,
    part: 'sanitizer',
    command: program ?? 'compute-sanitizer',
    args: [...sanitizerFlags(tool), process.execPath, ...args],
    env,
    limitSeconds: 900,
    prints: 'tests',
    ...precisionAvailability(situation, precision),
    ...lacking,
  };
}

function shortRun(situation: Situation, precision: Precision): Step {
  const { smoke, device } = situation;
  const sizes = smoke ? ['--steps', '2', '--tokens', '16'] : ['--steps', '60'];
  const args = ['--device', device, '--precision', precision, ...sizes];
  return {
    ...ours(
      'gpu-check/short-run',
      { name: `quickstart twice, and a word with it, ${precision}`, limit: 120 },
      args,
    ),
    part: 'run',
    ...precisionAvailability(situation, precision),
  };
}
