// What a SQLite store survives: killed processes, others that write or lock, full and read-only disks.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Libsql from 'libsql';
import { asyncRefusal } from '../../../test/refusal.js';
import { disksCanBeMounted, fillDisk, withDisk } from '../../../test/small-disk.js';
import { openSqlite } from './sqlite.js';

const folder = mkdtempSync(join(tmpdir(), 'store-faults-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.db`);
const open = (path: string) => openSqlite(path, { create: true });
const pair = (index: number, length = 10) => ({
  question: `question ${index}`,
  answer: 'x'.repeat(length),
  previous: null,
  source: 'faq.csv:1',
});
const pairs = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => pair(index, length));

/** Kills a writer after some lines. @returns all lines that it wrote. */
async function killedWriter(path: string, job: string, name: string, lines: number): Promise<string[]> {
  const program = fileURLToPath(new URL('../../../test/bots/write-store.js', import.meta.url));
  const writer: ChildProcess = spawn(process.execPath, [program, path, job, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const written: string[] = [];
  if (writer.stdout)
    for await (const line of createInterface({ input: writer.stdout })) {
      written.push(line);
      if (written.length === lines) writer.kill('SIGKILL');
    }
  return written;
}

function assertSound(path: string): void {
  const database = new Libsql(path);
  assert.deepEqual(database.prepare('pragma integrity_check').all(), [{ integrity_check: 'ok' }]);
  database.close();
}

describe('a SQLite store', () => {
  it('has everything that was acknowledged before processes that learn were killed', async () => {
    const path = newPath();
    const written = await Promise.all(['a', 'b'].map((name) => killedWriter(path, 'learn', name, 3)));
    const store = await open(path);
    const kept = await store.pairs();
    const acknowledged = written.reduce((sum, lines) => sum + Number(lines.at(-1)), 0);
    assert.ok(acknowledged > 0 && kept >= acknowledged, `${kept} of ${acknowledged}`);
    let read = 0;
    for await (const changes of store.changes(0)) read += changes.length;
    assert.equal(read, kept);
    await store.learn([pair(0)]);
    await store.close();
    assertSound(path);
  });

  it('has every turn that was acknowledged before a process that talks was killed', async () => {
    const path = newPath();
    const [id = '', ...turns] = await killedWriter(path, 'talk', 'ann', 200);
    const store = await open(path);
    assert.equal(await store.latest('ann'), id);
    const kept = (await store.conversation(id, 10_000))?.turns ?? [];
    assert.ok(
      kept.length >= Number(turns.at(-1)) && kept.length % 2 === 0,
      `${kept.length} of ${turns.at(-1)}`,
    );
    await store.say(id, kept.slice(0, 1));
    await store.close();
    assertSound(path);
  });

  it('is refused after a while when another program keeps it locked, and works when it does not', async () => {
    const path = newPath();
    await (await open(path)).close();
    const other = new Libsql(path);
    other.exec('begin exclusive');
    const impatient = () => openSqlite(path, { create: true }, 30);
    assert.match(
      await asyncRefusal('usage', impatient),
      /is kept locked by another program; close it, or try again/,
    );
    other.exec('rollback');
    const store = await impatient();
    other.exec('begin immediate');
    assert.match(await asyncRefusal('usage', () => store.learn([pair(0)])), /is kept locked/);
    assert.equal(await store.pairs(), 0);
    const waiting = (await open(path)).learn([pair(0)]);
    other.exec('commit');
    await waiting;
    assert.equal(await store.pairs(), 1);
    await store.close();
    other.close();
  });

  it('says what to install where libsql lacks its package for the platform', () => {
    const module = JSON.stringify(new URL('./open-store.js', import.meta.url));
    const { stdout } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `(await import(${module})).openStore('x.db', { create: true }).catch(({ code, message }) => console.log(code, message))`,
      ],
      // libsql then looks for its package in another place.
      { encoding: 'utf8', env: { ...process.env, LIBSQL_JS_DEV: '1' }, cwd: folder },
    );
    assert.match(stdout, /^package-missing SQLite cannot be loaded \(.*\); install chatbot-train again/);
  });

  it('keeps what was written when the pairs end with an error', async () => {
    const store = await open(newPath());
    function* failing() {
      yield* pairs(25_000, 10);
      yield pair(-1);
      throw new Error('the file is cut off');
    }
    const acknowledged: number[] = [];
    await assert.rejects(
      store.learn(failing(), (count) => acknowledged.push(count)),
      /the file is cut off/,
    );
    assert.deepEqual([acknowledged, await store.pairs()], [[25_000], 25_000]);
    await store.close();
  });

  if (!disksCanBeMounted) return;

  it('loses nothing when the disk is full, and goes on when there is room', async () => {
    await withDisk('size=4m', async (disk) => {
      const path = join(disk, 'shop.db');
      const store = await open(path);
      await store.learn([pair(-1)]);
      const conversation = await store.begin('ann');
      const filler = fillDisk(disk);
      assert.match(
        await asyncRefusal('device', () => store.learn(pairs(10_000, 300))),
        /cannot grow, because the disk is full; make room and try again/,
      );
      const turn = {
        speaker: 'user',
        text: 'x'.repeat(500_000),
        source: null,
        score: null,
        time: 1,
      } as const;
      await asyncRefusal('device', () => store.say(conversation, [turn]));
      assert.equal(await store.pairs(), 1);
      rmSync(filler);
      assert.deepEqual(await store.learn([pair(1), pair(-1)]), { added: 1, repeated: 1 });
      assert.deepEqual((await store.conversation(conversation, 9))?.turns, []);
      await store.close();
      assertSound(path);
    });
  });

  it('is not begun on a full disk', async () => {
    await withDisk('size=256k', async (disk) => {
      fillDisk(disk);
      assert.match(await asyncRefusal('device', () => open(join(disk, 'shop.db'))), /the disk is full/);
    });
  });

  it('can be read on a disk that is read-only, and not written', async () => {
    await withDisk('size=4m', async (disk) => {
      const written = newPath();
      const store = await open(written);
      await store.learn([pair(0)]);
      await store.close();
      const path = join(disk, 'shop.db');
      copyFileSync(written, path);
      const before = readFileSync(path);
      assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk]).status, 0);
      assert.match(
        await asyncRefusal('device', () => open(path)),
        /cannot be written, or files beside it cannot/,
      );
      assert.match(await asyncRefusal('device', () => open(join(disk, 'new.db'))), /cannot be written/);
      const reader = await openSqlite(path, { create: false, readOnly: true });
      assert.equal(await reader.pairs(), 1);
      assert.match(await asyncRefusal('device', () => reader.learn([pair(1)])), /cannot be written/);
      await reader.close();
      assert.deepEqual(readFileSync(path), before);
    });
  });
});
