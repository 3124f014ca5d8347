// Folders that are replaced stay complete whenever the process is killed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderMaker } from '../../test/written-files.js';
import { removeStaleTemporaries } from './atomic.js';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'atomic-')));
after(() => rmSync(scratch, { recursive: true, force: true }));

const emptyFolder = folderMaker(scratch);

describe('a process killed at any instant while it saves', () => {
  const program = fileURLToPath(new URL('../../test/save-repeatedly.js', import.meta.url));
  const linesIn = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

  /** The generation of which every file of the folder is. */
  function generationOf(folder: string): number {
    assert.deepEqual(readdirSync(folder).sort(), ['config', 'inner', 'weights']);
    const lines = ['config', 'weights', join('inner', 'state')].map((name) => linesIn(join(folder, name)));
    for (const file of lines) assert.equal(file.length, 2000);
    const generations = new Set(lines.flat());
    assert.equal(generations.size, 1, `files of several generations: ${[...generations]}`);
    return Number([...generations][0]);
  }

  it('leaves the last complete folder, old or new, 50 times', async () => {
    const parent = emptyFolder();
    const folder = join(parent, 'run');
    let last = -1;
    // A fixed sequence of instants: fractions of about the time that two saves take.
    let state = 12345;
    for (let round = 0; round < 50; round++) {
      const child = spawn(process.execPath, [program, folder, String(last + 1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [first] = await once(child.stdout, 'data');
      last = Math.max(last, ...String(first).trim().split('\n').map(Number));
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      const timer = setTimeout(() => child.kill('SIGKILL'), (state / 2 ** 32) * 12);
      child.stdout.on('data', (text) => {
        last = Math.max(last, ...String(text).trim().split('\n').map(Number));
      });
      await once(child, 'close');
      clearTimeout(timer);
      const found = generationOf(folder);
      assert.ok(found >= last && found <= last + 1, `said ${last}, found ${found}`);
      last = found;
      removeStaleTemporaries(parent);
      assert.deepEqual(readdirSync(parent), ['run']);
    }
  });
});
