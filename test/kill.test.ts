// A run that is killed loses nothing that it had saved. kill.heavy.test.ts kills many more times.

import { test } from 'node:test';
import { assertNothingIsLost } from './killed-runs.js';

test('killed 3 times at random instants, a run loses nothing that it had saved', () =>
  assertNothingIsLost(3, 0));
