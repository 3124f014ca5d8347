// A preparation that is killed continues with the sources that it finished, and the corpus has the bytes of one that was never
// interrupted.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './repository.js';
import { scratchFolder } from './tiny-run.js';

const root = scratchFolder('prepare-kill');
const command = join(repositoryRoot, 'dist/src/cli/data/main.js');

function source(name: string, dialogues: number): string {
  const lines = Array.from(
    { length: dialogues },
    (_, index) => `{"turns": ["Where is parcel ${index} of ${name}?", "Write to p${index}@shop.example"]}\n`,
  );
  writeFileSync(join(root, name), lines.join(''));
  return join(root, name);
}

const paths = [source('one.jsonl', 50), source('two.jsonl', 60)];
const killer = join(repositoryRoot, 'dist/test/kill-in-second-source.js');

function run(out: string, ...options: readonly string[]) {
  const words = ['prepare', ...paths, '--redact', 'pii', '--json', '--out', join(root, out)];
  return spawnSync(process.execPath, [...options, command, ...words], { encoding: 'utf8' });
}

function finished(out: string): { readonly unchanged: number } {
  const { status, stdout, stderr } = run(out);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).sources;
}

const contents = (out: string) =>
  readdirSync(join(root, out), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readFileSync(join(root, out, name), 'latin1')]);

test('a preparation that is killed continues with the sources that it finished', () => {
  assert.equal(run('killed', '--import', killer).signal, 'SIGKILL');
  assert.equal(existsSync(join(root, 'killed')), false);
  assert.equal(finished('killed').unchanged, 1);
  assert.equal(finished('whole').unchanged, 0);
  assert.deepEqual(contents('killed'), contents('whole'));
  const hidden = readdirSync(root).filter((name) => name.startsWith('.'));
  assert.deepEqual(hidden, [], 'nothing of the work is left');
});
