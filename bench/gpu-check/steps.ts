// The steps of the check, in order: first correctness, then speed, with ours and the peers' alternating. Knows commands
// and time limits, not what their results mean. `--smoke` runs the same on an emulated card with small sizes.

import { fileURLToPath } from 'node:url';
import type { Precision } from '../../src/device/device.js';
import { program } from '../measure.js';
import type { Environment } from './environment.js';
import { measurements } from './measurements.js';
import {
  fastest,
  ours,
  precisionAvailability,
  precisions,
  type Situation,
  type Wanted,
} from './situation.js';
import type { Step } from './step.js';

const tests = (path: string) => fileURLToPath(new URL(`../../${path}.js`, import.meta.url));
const reporter = new URL('./reporter.js', import.meta.url).href;

export function environmentStep({ device, python }: Wanted): Step {
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

/** The steps once the environment is known. */
export function stepsOf(wanted: Wanted, environment: Environment): Step[] {
  const situation: Situation = { ...wanted, environment };
  return [
    ...precisions.map((precision) => conformance(situation, precision)),
    ...goldens(situation),
    ...(wanted.smoke ? [fastest(situation)] : precisions).map((precision) => shortRun(situation, precision)),
    ...measurements(situation),
    ...precisions.map((precision) => sanitizer(situation, precision)),
  ];
}

/** Runs one test file in a separate process, without Node's runner for many files. */
function testRun(
  situation: Situation,
  path: string,
  { only, precision }: { readonly only?: string | undefined; readonly precision?: Precision },
): Pick<Step, 'args' | 'env'> {
  return {
    args: [
      ...['--enable-source-maps', '--test-reporter', reporter],
      ...(only === undefined ? [] : ['--test-name-pattern', only]),
      tests(path),
    ],
    env: {
      CHATBOT_TRAIN_TEST_DEVICE: situation.device,
      ...(precision === undefined ? {} : { CHATBOT_TRAIN_TEST_PRECISION: precision }),
    },
  };
}

function conformance(situation: Situation, precision: Precision): Step {
  const only = situation.smoke ? '^(sumRows|matmul keeps|attention holds|layernorm keeps)' : undefined;
  return {
    name: `every operation against the contract, ${precision}`,
    part: 'conformance',
    command: process.execPath,
    ...testRun(situation, 'bench/gpu-check/conformance', { only, precision }),
    limitSeconds: 600,
    prints: 'tests',
    ...precisionAvailability(situation, precision),
  };
}

function goldens(situation: Situation): Step[] {
  const only = situation.smoke ? '^the logits match$' : undefined;
  const step: Step = {
    name: 'golden models: logits, gradients, 20 steps, fp32',
    part: 'goldens',
    command: process.execPath,
    ...testRun(situation, 'test/goldens.test', { only }),
    limitSeconds: 300,
    prints: 'tests',
  };
  const half = testRun(situation, 'test/goldens-half.test', { only: situation.smoke ? 'logits' : undefined });
  return [step, { ...step, ...half, name: 'golden models: logits, gradients, 200 steps, bf16 and fp16' }];
}

/** Runs once, because it takes many times as long. */
function sanitizer(situation: Situation, precision: Precision): Step {
  const { args, env } = testRun(situation, 'bench/gpu-check/conformance', { precision });
  const lacking = situation.smoke
    ? { notOffered: 'no compute-sanitizer with --smoke' }
    : situation.environment.computeSanitizer === null
      ? { notOffered: 'no compute-sanitizer on the path' }
      : {};
  return {
    name: `every operation under compute-sanitizer, ${precision}`,
    part: 'sanitizer',
    command: 'compute-sanitizer',
    args: ['--tool', 'memcheck', '--error-exitcode', '9', process.execPath, ...args],
    ...(env ? { env } : {}),
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
      { name: `quickstart twice, and a word with it, ${precision}`, limit: 240 },
      args,
    ),
    part: 'run',
    ...precisionAvailability(situation, precision),
  };
}
