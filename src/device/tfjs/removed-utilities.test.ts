// The functions of node:util that tfjs-node calls and that Node.js 23 removed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import util from 'node:util';
import { restoreUtilities } from './backends.js';

const removed = ['isNullOrUndefined', 'isArray'] as const;
/** A mutable view of node:util, because the types describe only Node.js 20. */
const utilities = util as unknown as Record<string, ((value: unknown) => boolean) | undefined>;

test('removed functions are restored with their old behaviour', () => {
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

test('an existing function is not replaced', () => {
  const own = () => true;
  utilities.isNullOrUndefined = own;
  restoreUtilities();
  assert.equal(utilities.isNullOrUndefined, own);
});
