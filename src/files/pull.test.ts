import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Count } from '../../test/counting-worker.js';
import { PullError, Puller, WorkerLostError } from './pull.js';

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

test('a stream that does not open is an error, not an empty stream', () => {
  assert.throws(() => [...count({ to: -1 })], { name: 'PullError', message: 'no way down' });
  assert.deepEqual([...count({ to: 2 })], [1, 2]);
});

test('a notification that comes early or late is not taken for an answer', () => {
  assert.deepEqual([...count({ to: 3, failsAt: 2, fault: 'early-wake' })], [1, 2, 3]);
  assert.deepEqual([...count({ to: 2 })], [1, 2]);
});

for (const fault of ['exit', 'throw'] as const)
  test(`a worker that ends (${fault}) is an error of its open streams, and the next stream has a new one`, async () => {
    const other = count({ to: 3 });
    assert.equal(other.next().value, 1);
    const items: unknown[] = [];
    assert.throws(() => {
      for (const item of count({ to: 5, failsAt: 3, fault })) items.push(item);
    }, WorkerLostError);
    assert.deepEqual(items, [1, 2]);
    assert.throws(() => other.next(), { name: 'WorkerLostError', message: 'the worker thread ended' });
    assert.deepEqual([...count({ to: 2 })], [1, 2]);
    // The events of the lost worker arrive now. They must not end the process, or the new worker.
    const current = count({ to: 3 });
    current.next();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([...current], [2, 3]);
  });

test('a worker that does not start is an error', () => {
  const missing = new Puller(new URL('../../test/no-such-worker.js', import.meta.url));
  assert.throws(() => [...missing.stream({})], WorkerLostError);
});

test('many streams that are left in the middle do not disturb each other', () => {
  const left = Array.from({ length: 200 }, (_, index) => {
    const stream = count({ to: 3 + (index % 3) });
    assert.equal(stream.next().value, 1);
    return stream;
  });
  for (const [index, stream] of left.entries()) {
    if (index % 2 === 0) stream.return(undefined);
    assert.deepEqual([...count({ to: index % 4 })], [1, 2, 3].slice(0, index % 4));
  }
  for (const [index, stream] of left.entries())
    if (index % 2 === 1) assert.equal([...stream].length, 2 + (index % 3));
});
