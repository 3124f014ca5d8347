// Rules and recognizers read 100 kB of what makes careless patterns slow, in a child that would hang if one of them were not linear.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository.js';

/** A quadratic pattern needs this long for one text alone. */
const limit = 10 * 60_000;

it('rules and recognizers read 100 kB of any character without hanging', async () => {
  const program = join(repositoryRoot, 'dist/test/slow-texts.js');
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: limit });
  assert.match(stdout, /^read \d+ texts\n$/);
});
