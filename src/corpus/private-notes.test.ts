import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saysPrivate } from './private-notes.js';

test('a word says that a message is private', () => {
  assert.ok(saysPrivate('internal', 'Yes'));
  assert.ok(saysPrivate('is_public', false));
  assert.ok(saysPrivate('comment_type', 'internal note'));
  assert.ok(!saysPrivate('comment_type', 'comment'));
});

test('an object does not, whatever its fields', () => {
  for (const value of [null, {}, { toString: 1 }, [true]])
    for (const name of ['private', 'public', 'type']) assert.ok(!saysPrivate(name, value), name);
});
