import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { decompressed } from './decompress.js';

test('a lost worker thread is an error of the file that is read, and the next file is read whole', async (t) => {
  const workers: Worker[] = [];
  process.on('worker', (worker) => workers.push(worker));
  const text = Buffer.from(Array.from({ length: 200_000 }, (_, line) => `line ${line}\n`).join(''));
  const folder = mkdtempSync(join(tmpdir(), 'chatbot-train-decompress-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.gz');
  writeFileSync(file, gzipSync(text));
  const read = () =>
    decompressed({ file, start: 0, end: statSync(file).size, compression: 'gzip' }, 'chats/a.gz');

  const interrupted = read();
  assert.equal(interrupted.next().done, false);
  await nextTurn();
  for (const worker of workers) await worker.terminate();
  assert.throws(() => [...interrupted], {
    name: 'UserError',
    code: 'corpus-unreadable',
    message:
      'chats/a.gz could not be read to its end (the worker thread ended); run the command again, with more free memory if this happens again',
  });
  for (let time = 0; time < 2; time++) assert.deepEqual(Buffer.concat([...read()]), text);
});
