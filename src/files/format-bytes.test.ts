import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from './format-bytes.js';

test('sizes read as people write them', () => {
  assert.deepEqual([0, 999, 1500, 351e6, 999.6e6, 23.94e9].map(formatBytes), [
    '0 B',
    '999 B',
    '1.5 kB',
    '351 MB',
    '1.0 GB',
    '23.9 GB',
  ]);
});
