// Lists the modules that a program loads: modules of src/ by path, and packages by name.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const recorder = `
  import { register, createRequire } from 'node:module';
  const hooks = 'export async function load(url, context, next) { process._rawDebug("loaded " + url); return next(url, context); }';
  register('data:text/javascript,' + encodeURIComponent(hooks));
  const { cache } = createRequire('file:///any.js');
  process.on('exit', () => { for (const file of Object.keys(cache)) process._rawDebug('loaded ' + file); });`;

/** Runs a script of dist/src, which must exit with code 0. */
export function loadedModules(script: string, words: readonly string[]) {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(recorder)}`, script, ...words],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0);
  const loaded = stderr.split('\n').flatMap((line) => (line.startsWith('loaded ') ? [line.slice(7)] : []));
  const distinct = (pattern: RegExp) => [...new Set(loaded.flatMap((file) => pattern.exec(file)?.[1] ?? []))];
  return {
    ours: distinct(/\/dist\/src\/(.*)$/).sort(),
    packages: distinct(/node_modules\/((?:@[^/]+\/)?[^/]+)/),
  };
}
