import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Count } from '../../test/counting-worker.js';
import { PullError, Puller } from './pull.js';

const puller = new Puller(new URL('../../test/counting-worker.js', import.meta.url));
const count = (request: Count) => puller.stream(request);

test('items arrive in order, and the end is the end', () => {
  assert.deepEqual([...count({ to: 3 })], [1, 2, 3]);
  assert.deepEqual([...count({ to: 0 })], []);
});

test('streams can be read alternately, and one that is left early does not disturb the next', () => {
  const [one, other] = [count({ to: 1000 }), count({ to: 2 })];
  assert.deepEqual(
    [one.next(), other.next(), one.next(), other.next(), other.next()].map(({ value }) => value),
    [1, 1, 2, 2, undefined],
  );
  one.return(undefined);
  assert.deepEqual([...count({ to: 2 })], [1, 2]);
});

test('an error arrives after the items before it', () => {
  const items: unknown[] = [];
  assert.throws(
    () => {
      for (const item of count({ to: 5, failsAt: 3 })) items.push(item);
    },
    (thrown) => thrown instanceof PullError && thrown.message === 'no 3',
  );
  assert.deepEqual(items, [1, 2]);
});
