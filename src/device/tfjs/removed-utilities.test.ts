// The functions of node:util that tfjs-node calls and Node.js 23 has no longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import util from 'node:util';
import { restoreUtilities } from './backends.js';

const removed = ['isNullOrUndefined', 'isArray'] as const;
/** By a changeable name: the types know of what Node.js 20 has. */
const utilities = util as unknown as Record<string, ((value: unknown) => boolean) | undefined>;

test('what Node.js has no longer is there again, and does what it did', () => {
  for (const name of removed) delete utilities[name];
  restoreUtilities();
  const { isNullOrUndefined, isArray } = utilities;
  assert.ok(isNullOrUndefined && isArray);
  assert.deepEqual([null, undefined, 0, '', false, []].map(isNullOrUndefined), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual([[], [1], { length: 0 }, 'text', null].map(isArray), [true, true, false, false, false]);
});

test('what Node.js has stays its own', () => {
  const own = () => true;
  utilities.isNullOrUndefined = own;
  restoreUtilities();
  assert.equal(utilities.isNullOrUndefined, own);
});
