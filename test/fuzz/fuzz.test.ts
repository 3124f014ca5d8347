// Every reader of strangers' files, with 2,000 spoilt inputs each: whatever they hold, they are read or refused with a
// UserError, within limits of time and memory. `npm run fuzz` tries any number.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runCampaign } from './campaign.js';
import { targets } from './target.js';

const mutants = 2000;

for (const target of Object.keys(targets))
  it(`reads or refuses whatever ${target} holds`, async () => {
    assert.deepEqual(await runCampaign({ target, seed: 1, from: 0, count: mutants, hangSeconds: 120 }), []);
  });
