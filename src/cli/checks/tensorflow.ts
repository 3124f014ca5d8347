// Which TensorFlow.js backends load here, and why the others do not.

import { backendNames, isNative, openBackend, packages } from '../../device/tfjs/backends.js';
import { findPackage, installationFolder } from '../../files/installed-package.js';
import { oneLine } from '../../quote.js';
import { flagMessageOf } from '../flag-names.js';
import type { Check } from './check.js';

/** Loads each installed backend as a run would. */
export async function tensorflowChecks(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const backend of backendNames) {
    const name = `tfjs:${backend}`;
    if (isNative(backend) && findPackage(packages[backend]) === undefined) {
      const cure = `npm install ${packages[backend]} in ${installationFolder()} (docs/tensorflow.md lists what it needs)`;
      checks.push({ name, state: 'absent', detail: 'not installed', cure });
      continue;
    }
    try {
      checks.push({ name, state: 'ok', detail: (await openBackend(backend)).description });
    } catch (thrown) {
      checks.push({ name, state: 'absent', detail: oneLine(flagMessageOf(thrown), 300) });
    }
  }
  return checks;
}

/** Whether a run can use TensorFlow.js. */
export function hasTensorflow(checks: readonly Check[]): boolean {
  return checks.some(({ name, state }) => name.startsWith('tfjs:') && state === 'ok');
}
