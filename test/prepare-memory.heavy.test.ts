// The memory that preparing a corpus takes does not hold the dialogues: what is known of each lies in arrays of numbers or on disk.
// With a JavaScript heap this small, an object or a text for each dialogue ends the process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../src/random.js';
import { repositoryRoot } from './repository.js';
import { scratchFolder } from './tiny-run.js';

const root = scratchFolder('prepare-memory');
const command = join(repositoryRoot, 'dist/src/cli/data/main.js');
const dialogues = 200_000;
/** In megabytes, of which the program itself takes about 75. */
const heap = 128;

/** Every tenth dialogue is similar to the one before. */
function source(): string {
  const path = join(root, 'chats.jsonl');
  const random = new Random(7);
  const text = () => Array.from({ length: 8 }, () => `w${random.below(5000).toString(36)}`).join(' ');
  const file = openSync(path, 'w');
  let turns: readonly string[] = [];
  for (let index = 0; index < dialogues; index++) {
    turns = index % 10 === 9 ? [`${turns[0]} again`, `${turns[1]}`] : [text(), text()];
    writeSync(file, `${JSON.stringify({ turns })}\n`);
  }
  closeSync(file);
  return path;
}

test(`prepares ${dialogues} dialogues with a heap of ${heap} MB`, () => {
  const path = source();
  const words = ['prepare', path, '--out', join(root, 'corpus'), '--dedupe', 'near', '--redact', 'email'];
  const options = [`--max-old-space-size=${heap}`, command, ...words, '--threads', '1', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { train, eval: evaluation } = JSON.parse(stdout);
  assert.ok(train + evaluation > 0.85 * dialogues && train + evaluation < dialogues, stdout);
});
