// Runs mutants of each fuzz target, 2,000 of most. Each must be read, or refused with a UserError, within limits of time and memory.
// `npm run fuzz` runs any number of mutants.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCampaign } from './campaign.js';
import { targets } from './target.js';

/** A mutant of the corpus formats takes ten times as long as others, because there are many readers. */
const mutants = (target: string) => (target === 'formats' ? 400 : 2000);

for (const target of Object.keys(targets))
  it(`reads or refuses every mutant of ${target}`, async () => {
    assert.deepEqual(
      await runCampaign({ target, seed: 1, from: 0, count: mutants(target), hangSeconds: 120 }),
      [],
    );
  });
