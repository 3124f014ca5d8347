// The error message that the command line shows for an input that cannot be used.

import assert from 'node:assert/strict';
import { withFlags } from '../src/cli/flag-names.js';
import { type Fault, UserError } from '../src/errors.js';

/** The message of the UserError that `action` throws, as the command line shows it. It must be one line, of this fault. */
export function refusal(fault: Fault, action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    assert.equal(thrown.fault, fault);
    assert.doesNotMatch(thrown.message, /[\n\r]/);
    return withFlags(thrown.sentence);
  }
  assert.fail('nothing was refused');
}

/** The same for an asynchronous action. */
export async function asyncRefusal(fault: Fault, action: () => Promise<unknown>): Promise<string> {
  const thrown: unknown = await action().then(
    () => assert.fail('nothing was refused'),
    (reason: unknown) => reason,
  );
  return refusal(fault, () => {
    throw thrown;
  });
}
