import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './repository.js';

for (const name of ['train', 'chat'])
  test(`the options of chatbot-${name} in README.md are what scripts/options-table.mjs prints`, () => {
    const script = join(repositoryRoot, 'scripts/options-table.mjs');
    const { stdout } = spawnSync(process.execPath, [script, name], { encoding: 'utf8' });
    const readme = readFileSync(join(repositoryRoot, 'README.md'), 'utf8');
    assert.ok(stdout.length > 1000);
    assert.ok(readme.includes(stdout), `paste what \`node scripts/options-table.mjs ${name}\` prints into it`);
  });
