// Two runs that are killed 25 times each.

import { test } from 'node:test';
import { assertNothingIsLost } from './killed-runs.js';

test('killed 50 times at random instants, runs lose nothing that they had saved', async () => {
  await Promise.all([assertNothingIsLost(25, 1), assertNothingIsLost(25, 2)]);
});
