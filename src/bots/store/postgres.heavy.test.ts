// The store in PostgreSQL: the contract on a real server, and on PGlite; several machines; what can be wrong with a server.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { describeStore } from '../../../test/bots/describe-store.js';
import { pgliteDialect } from '../../../test/bots/pglite-dialect.js';
import { type PostgresServer, postgresPrograms, startPostgres } from '../../../test/bots/postgres-server.js';
import { asyncRefusal } from '../../../test/refusal.js';
import { Kysely } from './kysely.js';
import { migrate } from './migrate.js';
import { openStore } from './open-store.js';
import { nameOf, postgresDialect } from './postgres.js';
import { SqlStore } from './sql-store.js';
import type { Change, Store } from './store.js';
import type { Tables } from './tables.js';

const pair = (question: string) => ({ question, answer: 'yes', previous: null, source: 'faq.csv:1' });

describe('PGlite', () => {
  let database: PGlite;
  let schemas = 0;
  before(async () => {
    database = await PGlite.create();
  });
  after(() => database.close());

  describeStore('in PGlite', async () => {
    const schema = `s${schemas++}`;
    await database.exec(`create schema ${schema}; set search_path to ${schema}`);
    const db = new Kysely<Tables>({ dialect: pgliteDialect(database) });
    await migrate(db, 'postgres', 'PGlite', { create: true });
    return new SqlStore(db, postgresDialect('PGlite'));
  });
});

describe('a PostgreSQL server', { skip: postgresPrograms === null && 'PostgreSQL is not installed' }, () => {
  let server: PostgresServer;
  let schemas = 0;
  before(async () => {
    server = await startPostgres(postgresPrograms ?? '');
  });
  after(() => server.stop());

  const newSchema = async () => {
    const schema = `s${schemas++}`;
    await server.query(`create schema ${schema}`);
    return schema;
  };
  const open = async (create = true) => openStore(server.address(await newSchema()), { create });

  describeStore('in PostgreSQL', () => open());

  it('lets several machines write at once, and none of them misses a change', async () => {
    const address = server.address(await newSchema());
    const stores = await Promise.all([0, 1, 2, 3].map(() => openStore(address, { create: true })));
    const [follower, ...writers] = stores;
    assert.ok(follower);
    let writing = true;
    const written = Promise.all(
      writers.map(async (store, writer) => {
        for (let index = 0; index < 40; index++)
          await store.learn([pair(`question ${index}`), pair(`question ${writer} ${index}`)]);
      }),
    ).finally(() => {
      writing = false;
    });
    const known = new Map<number, Change>();
    let seen = 0;
    const look = async () => {
      for await (const changes of follower.changes(seen))
        for (const change of changes) {
          if (change.kind === 'kept') known.set(change.pair.id, change);
          seen = Math.max(seen, change.change);
        }
    };
    while (writing) await look();
    await written;
    await look();
    assert.equal(known.size, 160);
    for await (const changes of follower.changes(0))
      for (const change of changes)
        if (change.kind === 'kept') assert.deepEqual(known.get(change.pair.id), change);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('shows no change before all smaller ones are there', async () => {
    const address = server.address(await newSchema());
    const store = await openStore(address, { create: true });
    const slow = new pg.Client({ connectionString: address });
    await slow.connect();
    await slow.query('begin');
    await slow.query('update bot_change set number = number + 1');
    await slow.query(
      "insert into bot_pair (key, question, answer, source, count, change) values ('k', 'slow', 'yes', 's', 1, 1)",
    );
    let hasEnded = false;
    const quick = store.learn([pair('quick')]).finally(() => {
      hasEnded = true;
    });
    const waits = 'select count(*)::integer as waiting from pg_locks where not granted';
    while (!hasEnded && (await server.query(waits))[0]?.waiting === 0);
    assert.equal(await store.lastChange(), 0);
    await slow.query('commit');
    await slow.end();
    await quick;
    const found: (string | number)[] = [];
    for await (const changes of store.changes(0))
      for (const change of changes)
        if (change.kind === 'kept') found.push(change.pair.question, change.change);
    assert.deepEqual(found, ['slow', 1, 'quick', 2]);
    await store.close();
  });

  it('makes the tables once, when several machines start at once', async () => {
    const address = server.address(await newSchema());
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(address, { create: true })));
    await Promise.all(stores.map((store) => store.close()));
  });

  it('can be opened for reading only', async () => {
    const address = server.address(await newSchema());
    await (await openStore(address, { create: true })).close();
    const store = await openStore(address, { create: false, readOnly: true });
    assert.equal(await store.pairs(), 0);
    assert.match(await asyncRefusal('device', () => store.learn([pair('a')])), /is open for reading only/);
    await store.close();
  });

  it('is refused with a sentence that shows no password', async () => {
    await server.query("create user guarded password 'right'");
    const address = (password: string) =>
      server.address('public').replace('postgres@', `guarded:${password}@`);
    const wrong = await asyncRefusal('usage', () => openStore(address('s3cret'), { create: true }));
    assert.match(wrong, /^postgres:\/\/guarded@\/tmp\/[^ ]+\/postgres refuses the user or the password/);
    assert.doesNotMatch(wrong, /s3cret/);
    assert.match(
      await asyncRefusal('device', () => openStore(address('right'), { create: true })),
      /does not let this user write/,
    );
    const unknown = server.address('public').replace('/postgres?', '/nowhere?');
    assert.match(
      await asyncRefusal('usage', () => openStore(unknown, { create: true })),
      /nowhere does not exist; create/,
    );
    const away = 'postgres://ann:s3cret@/shop?host=/nowhere';
    assert.match(
      await asyncRefusal('device', () => openStore(away, { create: true })),
      /^postgres:\/\/ann@\/nowhere\/shop cannot be reached \(connect ENOENT /,
    );
    assert.match(await asyncRefusal('usage', async () => open(false)), /holds no bot/);
  });

  it("refuses another program's tables, and those of a newer version", async () => {
    const schema = await newSchema();
    await server.query(`create table ${schema}.bot_pair (x integer)`);
    const foreign = () => openStore(server.address(schema), { create: true });
    assert.match(await asyncRefusal('usage', foreign), /has a table "bot_pair" that is not ours/);
    await server.query(`create table ${schema}.bot_meta (x integer)`);
    assert.match(await asyncRefusal('usage', foreign), /has a table "bot_meta" that is not ours/);
    assert.deepEqual(await server.query(`select * from ${schema}.bot_pair`), []);
    const newer = await newSchema();
    await (await openStore(server.address(newer), { create: true })).close();
    await server.query(`update ${newer}.bot_meta set value = '999'`);
    assert.match(
      await asyncRefusal('usage', () => openStore(server.address(newer), { create: true })),
      /was written by a newer chatbot-train \(version 999/,
    );
  });

  it('keeps what was acknowledged when the server crashes, and goes on when it is back', async () => {
    const store: Store = await open();
    await store.learn([pair('kept')]);
    await server.crash();
    assert.match(await asyncRefusal('device', () => store.learn([pair('lost')])), /cannot be reached/);
    await server.start();
    await store.learn([pair('after')]);
    assert.equal(await store.pairs(), 2);
    await store.close();
  });
});

describe('the address of a PostgreSQL database', () => {
  it('is named without its password', () => {
    assert.equal(
      nameOf('postgres://ann:s3cret@db.example/shop?sslmode=disable'),
      'postgres://ann@db.example:5432/shop',
    );
    assert.equal(
      nameOf('postgresql://ann@/shop?host=/run/pg&password=s3cret'),
      'postgres://ann@/run/pg/shop',
    );
  });

  it('is refused without showing it when it cannot be read', async () => {
    for (const address of [
      'postgres://u:s3/cret@host/db',
      'postgres://u:12/s3cret@host/db',
      'postgres://h',
      'postgres:x',
    ])
      assert.match(
        await asyncRefusal('usage', async () => nameOf(address)),
        /^the address of the PostgreSQL database cannot be read; write it like/,
      );
  });
});
