// Runs 2,000 mutants of each fuzz target. Each must be read, or refused with a UserError, within limits of time and memory.
// `npm run fuzz` runs any number of mutants.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCampaign } from './campaign.js';
import { targets } from './target.js';

const mutants = 2000;

for (const target of Object.keys(targets))
  it(`reads or refuses every mutant of ${target}`, async () => {
    assert.deepEqual(await runCampaign({ target, seed: 1, from: 0, count: mutants, hangSeconds: 120 }), []);
  });
