// Runs 2,000 mutants of each fuzz target. A mutant of the corpus formats takes ten times as long as others, because there are
// many readers, so it gets fewer.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCampaign } from './campaign.js';
import { targets } from './target.js';

for (const target of Object.keys(targets))
  it(`reads or refuses every mutant of ${target}`, async () => {
    const count = target === 'formats' ? 600 : 2000;
    assert.deepEqual(await runCampaign({ target, seed: 1, from: 0, count, hangSeconds: 120 }), []);
  });
