// What `npm publish` would send: the programs, the library with its types, and what they read. No test, no bench, no
// source map (the sources that it would point to are not published).

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { it } from 'node:test';
import { repositoryRoot } from './repository.js';

/** Paths below a folder of the checkout, with forward slashes. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}

it('publishes the compiled programs, the kernels they compile, the configs and the example data, nothing else', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as { files: { path: string }[] }[];
  const published = packed?.files.map(({ path }) => path).sort();

  const sources = filesBelow('src').filter(
    (path) => !/\.test\.ts$|goldens\.json$|tsconfig\.json$/.test(path),
  );
  const compiled = sources.flatMap((path) => {
    const [name, isCode] = [`dist/${path.replace(/\.ts$/, '')}`, path.endsWith('.ts')];
    // The chat page is for browsers, so it has no types.
    const isPage = path.startsWith('src/serve/page/');
    return isCode ? [`${name}.js`, ...(isPage ? [] : [`${name}.d.ts`])] : [name];
  });
  const expected = [
    ...['LICENSE', 'README.md', 'package.json', 'scripts/setup-tfjs-node.mjs'],
    ...['configs', 'data', 'word-lists'].flatMap(filesBelow),
    ...compiled,
  ];
  assert.deepEqual(published, expected.sort());
});
