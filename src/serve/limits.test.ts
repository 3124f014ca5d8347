import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UserError } from '../errors.js';
import { TooOften } from './http-error.js';
import { apiKey, knownKey, RateLimit } from './limits.js';

it('lets each ask so many times a minute, and says when the next time is', () => {
  let now = 0;
  const limit = new RateLimit(() => now);
  limit.ask('ann', 2);
  limit.ask('ann', 2);
  assert.throws(
    () => limit.ask('ann', 2),
    (thrown) => thrown instanceof TooOften && thrown.retryAfter === 30,
  );
  limit.ask('bob', 2);
  now = 30_000;
  limit.ask('ann', 2);
  assert.throws(() => limit.ask('ann', 2), TooOften);
  now = 1e9;
  limit.ask('ann', 2);
  limit.ask('ann', 2);
  assert.throws(() => limit.ask('ann', 2), TooOften);
});

it('reads keys with their limits, and knows them again', () => {
  const keys = ['one', 'two@60', 'a@b'].map(apiKey);
  assert.deepEqual(
    ['one', 'two', 'a@b', 'two@60', ''].map((key) => knownKey(keys, key)?.perMinute),
    [null, 60, null, undefined, undefined],
  );
  for (const wrong of ['', '@5', 'one@0']) assert.throws(() => apiKey(wrong), UserError);
});
