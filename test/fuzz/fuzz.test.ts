// Runs 50 mutants of each fuzz target; fuzz.heavy.test.ts runs more. Each must be read, or refused with a UserError, within
// limits of time and memory. `npm run fuzz` runs any number of mutants.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCampaign } from './campaign.js';
import { targets } from './target.js';

for (const target of Object.keys(targets))
  it(`reads or refuses every mutant of ${target}`, async () => {
    assert.deepEqual(await runCampaign({ target, seed: 1, from: 0, count: 50, hangSeconds: 120 }), []);
  });
