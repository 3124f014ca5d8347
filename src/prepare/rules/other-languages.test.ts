// Without the package eld, languages that their script shows are still told apart, and for others the program says what to install.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { repositoryRoot } from '../../../test/repository.js';

const folder = mkdtempSync(join(tmpdir(), 'languages-'));
after(() => rmSync(folder, { recursive: true }));

/** Makes every import of eld fail, as where it is not installed. */
const hooks = `export function resolve(name, context, next) {
  if (name.startsWith('eld')) throw new Error('not installed');
  return next(name, context);
}`;
const withoutEld = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;

function prepare(language: string) {
  const source = join(folder, 'faq.csv');
  writeFileSync(source, 'question,answer\n你好吗？,我很好\nHow are you today?,I am very well\n');
  const program = join(repositoryRoot, 'dist/src/cli/data/main.js');
  const words = [
    'prepare',
    source,
    '--out',
    join(folder, language),
    '--eval-ratio',
    '0',
    '--language',
    language,
  ];
  const loader = `data:text/javascript,${encodeURIComponent(withoutEld)}`;
  return spawnSync(process.execPath, ['--import', loader, program, ...words], { encoding: 'utf8' });
}

test('English cannot be told from other languages without the package', () => {
  const { status, stderr } = prepare('en');
  assert.match(
    stderr,
    /--language needs the package eld to tell languages apart; install it with npm install eld@2\.1\.0/,
  );
  assert.equal(status, 2);
});

test('Chinese can', () => {
  const { status, stdout } = prepare('zh');
  assert.match(stdout, /1 dialogues? to train on/);
  assert.equal(status, 0);
});
