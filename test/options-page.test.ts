import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './repository.js';

const read = (name: string): string => readFileSync(join(repositoryRoot, name), 'utf8');

test('docs/options.md says what the tables of options say', () => {
  const script = join(repositoryRoot, 'scripts/write-options-page.mjs');
  const { stdout } = spawnSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
  assert.ok(stdout.length > 3000);
  assert.equal(read('docs/options.md'), stdout, 'run `node scripts/write-options-page.mjs`');
});

test('the pages list every format, cleaning rule, kind of personal data, augmenter, kind of slot and skill', () => {
  const script = join(repositoryRoot, 'scripts/write-tables.mjs');
  const { stdout } = spawnSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
  assert.ok(stdout.length > 3000);
  const pages = read('docs/data.md') + read('docs/preparing.md') + read('docs/bots.md');
  assert.equal(pages, stdout, 'run `node scripts/write-tables.mjs`');
});

test('README.md is at most 150 lines long', () =>
  assert.ok(read('README.md').trimEnd().split('\n').length <= 150));

test('links between the pages lead somewhere', () => {
  const docs = readdirSync(join(repositoryRoot, 'docs')).map((name) => `docs/${name}`);
  const pages = [...docs, 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'data/README.md'];
  const headings = (page: string): string[] =>
    [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  const broken = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      [
        ...read(page)
          .replace(/^```[\s\S]*?^```/gm, '')
          .matchAll(/\]\(([^)\s]+)\)/g),
      ]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [path = '', heading] = target.split('#');
          const to = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(repositoryRoot, to))) return true;
          return heading !== undefined && to.endsWith('.md') && !headings(to).includes(heading);
        })
        .map((target) => `${page}: ${target}`),
    );
  assert.deepEqual(broken, []);
});
