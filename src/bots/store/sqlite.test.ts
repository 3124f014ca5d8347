// The store in a SQLite file: the contract, and what can be wrong with a file.

import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import Libsql from 'libsql';
import { describeStore } from '../../../test/bots/describe-store.js';
import { asyncRefusal } from '../../../test/refusal.js';
import { UserError } from '../../errors.js';
import { Random } from '../../random.js';
import { openStore } from './open-store.js';

const folder = mkdtempSync(join(tmpdir(), 'store-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.db`);
const open = (path: string, create = true) => openStore(path, { create });

describeStore('in a SQLite file', () => open(newPath()));

const pair = (index: number) => ({
  question: `question ${index}`,
  answer: `answer ${index}`,
  previous: null,
  source: `faq.csv:${index}`,
});

async function filled(pairs: number): Promise<string> {
  const path = newPath();
  const store = await open(path);
  await store.learn(Array.from({ length: pairs }, (_, index) => pair(index)));
  await store.close();
  return path;
}

describe('a SQLite file', () => {
  it('has everything when it is opened again, and is private', async () => {
    const path = await filled(3);
    const [one, other] = [await open(path, false), await open(path, false)];
    assert.equal(await one.pairs(), 3);
    await one.learn([pair(3)]);
    assert.equal(await other.pairs(), 4);
    for (const file of readdirSync(folder).filter((name) => join(folder, name).startsWith(path)))
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
    await Promise.all([one.close(), other.close()]);
  });

  it('is written by two at once', async () => {
    const path = await filled(0);
    const stores = [await open(path), await open(path)];
    await Promise.all(
      stores.map(async (store, number) => {
        for (let index = 0; index < 20; index++) await store.learn([pair(100 * number + index)]);
      }),
    );
    assert.equal(await stores[0]?.pairs(), 40);
    assert.equal(await stores[0]?.lastChange(), 40);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('is never an address of a server for libsql', async () => {
    const place = mkdtempSync(join(folder, 'here-'));
    const before = process.cwd();
    process.chdir(place);
    try {
      mkdirSync('http:/127.0.0.1:1', { recursive: true });
      for (const name of ['http://127.0.0.1:1/x', 'file:x.db?mode=memory', ':memory:']) {
        const store = await open(name);
        await store.learn([pair(0)]);
        await store.close();
        assert.ok(statSync(join(place, name)).size > 0);
      }
    } finally {
      process.chdir(before);
    }
  });

  it('is not made when it should be there', async () => {
    assert.match(await asyncRefusal('usage', () => open(newPath(), false)), /does not exist; check the path/);
  });

  it('is refused when it is none, with a sentence', async () => {
    const text = newPath();
    writeFileSync(text, 'question,answer\n'.repeat(1000));
    assert.match(await asyncRefusal('data', () => open(text)), /is damaged, or is not a SQLite file/);
    assert.equal(readFileSync(text, 'utf8'), 'question,answer\n'.repeat(1000));
    assert.match(await asyncRefusal('usage', () => open(folder)), /is not a file; name another one/);
    assert.match(
      await asyncRefusal('usage', () => open(join(folder, 'none', 'x.db'))),
      /: make the folder .*none first/,
    );
  });

  it('is refused when it is cut off or overwritten', async () => {
    const cut = await filled(2000);
    truncateSync(cut, statSync(cut).size >> 1);
    const overwritten = await filled(2000);
    const bytes = readFileSync(overwritten);
    bytes.fill(0x5a, 8192);
    writeFileSync(overwritten, bytes);
    for (const path of [cut, overwritten])
      assert.match(
        await asyncRefusal('data', async () => {
          const store = await open(path, false);
          try {
            for await (const _ of store.changes(0));
            await store.learn([pair(1), pair(5000)]);
          } finally {
            await store.close();
          }
        }),
        /is damaged, or is not a SQLite file; restore it from a copy/,
      );
  });

  it('is read or refused, however it is damaged', async () => {
    const sound = await filled(200);
    const bytes = readFileSync(sound);
    const random = new Random(5, 0);
    const codes = new Set<string>();
    for (let times = 0; times < 25; times++) {
      const damaged = Buffer.from(bytes);
      for (let place = 0; place < 8; place++) damaged[random.below(damaged.length)] = random.below(256);
      const path = newPath();
      writeFileSync(
        path,
        damaged.subarray(0, random.below(4) > 0 ? damaged.length : random.below(damaged.length)),
      );
      try {
        const store = await open(path, false);
        for await (const _ of store.changes(0));
        await store.learn([pair(1), pair(5000)]);
        await store.forgetUser('ann');
        await store.counts();
        await store.close();
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        codes.add(thrown.code);
      }
    }
    assert.deepEqual([...codes], ['store-damaged']);
  });

  it('is read where a text is damaged', async () => {
    const path = await filled(1);
    const own = new Libsql(path);
    own.exec("update bot_pair set question = cast(x'ff416c' as text)");
    own.close();
    const store = await open(path);
    for await (const [change] of store.changes(0))
      assert.equal(change?.kind === 'kept' && change.pair.question, '\ufffdAl');
    await store.close();
  });

  it("is refused when it is another program's, or of a newer version", async () => {
    const foreign = newPath();
    const database = new Libsql(foreign);
    database.exec('create table statement (text)');
    database.close();
    assert.match(
      await asyncRefusal('usage', () => open(foreign)),
      /belongs to another program: it has a table "statement" that is not ours/,
    );
    for (const sql of [
      'drop table bot_pair; create view bot_pair as with recursive n(x) as (select 1 union all select x from n) select x from n',
      'create trigger again after insert on bot_turn begin delete from bot_pair; end',
      'alter table bot_fact add column more as (zeroblob(1000000000))',
      'create virtual table more using fts5(text)',
    ]) {
      const computing = await filled(1);
      const changed = new Libsql(computing);
      changed.exec(sql);
      changed.close();
      assert.match(
        await asyncRefusal('usage', () => open(computing)),
        /belongs to another program: ".*" in it is computed; name another file/,
      );
    }
    const newer = await filled(1);
    const own = new Libsql(newer);
    own.exec("update bot_meta set value = '999' where name = 'version'");
    own.close();
    assert.match(
      await asyncRefusal('usage', () => open(newer)),
      /was written by a newer chatbot-train \(version 999/,
    );
  });
});
