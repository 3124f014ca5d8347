// The memory that preparing a corpus takes does not hold the dialogues: what is known of each lies in arrays of numbers or on disk.
// With a JavaScript heap this small, an object or a text for each dialogue ends the process. Arrays lie outside of that heap, so the
// largest memory of the whole process is compared between two sizes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Random } from '../src/random.js';
import { repositoryRoot } from './repository.js';
import { scratchFolder } from './tiny-run.js';

const root = scratchFolder('prepare-memory');
const command = join(repositoryRoot, 'dist/src/cli/data/main.js');
/** In megabytes, of which the program itself takes about 75. */
const heap = 128;
/** Of the smaller one, most of what may lie in memory or on disk is on disk already. */
const [fewer, more] = [400_000, 800_000];
/** About 50 are usual. */
const mostBytes = 200;

/** Reports the largest memory of the process, in kilobytes. */
const reporting = `import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));`;

/** Every tenth dialogue is similar to the one before. */
function source(dialogues: number): string {
  const path = join(root, 'chats.jsonl');
  const random = new Random(7);
  const text = () => Array.from({ length: 6 }, () => `w${random.below(5000).toString(36)}`).join(' ');
  const file = openSync(path, 'w');
  let turns: readonly string[] = [];
  for (let index = 0; index < dialogues; index++) {
    turns = index % 10 === 9 ? [`${turns[0]}`, `${turns[1]} again`] : [text(), text()];
    writeSync(file, `${JSON.stringify({ turns })}\n`);
  }
  closeSync(file);
  return path;
}

/** @returns the largest memory of the process, in bytes. */
function memoryFor(dialogues: number): number {
  const out = join(root, 'corpus');
  const words = ['prepare', source(dialogues), '--out', out, '--dedupe', 'near', '--threads', '1', '--json'];
  const node = [`--max-old-space-size=${heap}`, '--import', `data:text/javascript,${encodeURI(reporting)}`];
  const { status, stdout, stderr, output } = spawnSync(process.execPath, [...node, command, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  assert.equal(status, 0, stderr);
  const { train, eval: evaluation } = JSON.parse(stdout);
  assert.ok(train + evaluation > 0.85 * dialogues && train + evaluation < dialogues, stdout);
  rmSync(out, { recursive: true });
  return 1024 * Number(output[3]);
}

test(`prepares ${more} dialogues with a heap of ${heap} MB, and in ${mostBytes} bytes a dialogue`, (context) => {
  const perDialogue = (memoryFor(more) - memoryFor(fewer)) / (more - fewer);
  context.diagnostic(`${Math.round(perDialogue)} bytes a dialogue`);
  assert.ok(perDialogue < mostBytes, `${Math.round(perDialogue)} bytes`);
});
