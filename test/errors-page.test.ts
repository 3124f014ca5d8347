// docs/errors.md and the table of error codes say the same, in both directions, and every code is in use.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ExitCode, errorCodes } from '../src/errors.js';
import { repositoryRoot } from './repository.js';

test('docs/errors.md lists exactly the error codes, in order, with their exit codes', () => {
  const page = readFileSync(join(repositoryRoot, 'docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (\d+) \| \S.*\. \|$/gm)].map(
    ([, code, exit]) => `${code} ${exit}`,
  );
  const codes = Object.entries(errorCodes).map(([code, fault]) => `${code} ${ExitCode[fault]}`);
  assert.deepEqual(rows, codes.sort());
});

test('every error code is thrown somewhere', () => {
  const folder = join(repositoryRoot, 'src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'errors.ts')
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  assert.deepEqual(
    Object.keys(errorCodes).filter((code) => !sources.includes(`'${code}'`)),
    [],
  );
});
