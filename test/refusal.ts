// What a person is told when something of theirs cannot be used.

import assert from 'node:assert/strict';
import { type Fault, UserError } from '../src/errors.js';

/** The message of the UserError that `action` throws: one line, of this fault. */
export function refusal(fault: Fault, action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    assert.equal(thrown.fault, fault);
    assert.doesNotMatch(thrown.message, /[\n\r]/);
    return thrown.message;
  }
  assert.fail('nothing was refused');
}
