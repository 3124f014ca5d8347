// How a test file runs as a step: in a separate process, without Node's runner for many files, so that compute-sanitizer
// and a time limit apply to it.

import { fileURLToPath } from 'node:url';
import type { Precision } from '../../src/device/device.js';
import type { ConformancePart } from '../../test/device/conformance.js';
import type { Step } from './step.js';

const beside = (name: string) => new URL(`./${name}.js`, import.meta.url).href;

interface Tested {
  readonly device: string;
  /** Only tests whose names match. */
  readonly only?: string | undefined;
  readonly precision?: Precision;
  readonly part?: ConformancePart;
}

/** @param path of a compiled file below dist/, without its extension */
export function testRun(path: string, about: Tested): Required<Pick<Step, 'args' | 'env'>> {
  const { device, only, precision, part } = about;
  const file = fileURLToPath(new URL(`../../${path}.js`, import.meta.url));
  return {
    args: testArguments(file, only),
    env: {
      CHATBOT_TRAIN_TEST_DEVICE: device,
      ...(precision && { CHATBOT_TRAIN_TEST_PRECISION: precision }),
      ...(part && { CHATBOT_TRAIN_TEST_PART: part }),
    },
  };
}

export function testArguments(file: string, only?: string): string[] {
  return [
    ...[
      '--enable-source-maps',
      '--import',
      beside('before-each-test'),
      '--test-reporter',
      beside('reporter'),
    ],
    ...(only === undefined ? [] : ['--test-name-pattern', only]),
    file,
  ];
}
