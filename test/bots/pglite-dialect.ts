// For tests: PostgreSQL in this process (PGlite), for Kysely. It has one connection, on which transactions take turns.

import type { PGlite } from '@electric-sql/pglite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { Turns } from '../../src/bots/store/turns.js';

export function pgliteDialect(database: PGlite): Dialect {
  const connection: DatabaseConnection = {
    executeQuery: async ({ sql, parameters }: CompiledQuery) => {
      const { rows, affectedRows } = await database.query(sql, [...parameters]);
      return { rows: rows as never[], numAffectedRows: BigInt(affectedRows ?? 0) };
    },
    streamQuery: () => {
      throw new Error('queries are not streamed');
    },
  };
  const turns = new Turns();
  return {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver: () => ({
      init: async () => {},
      acquireConnection: async () => {
        await turns.take();
        return connection;
      },
      releaseConnection: async () => turns.end(),
      beginTransaction: async () => void (await database.query('begin')),
      commitTransaction: async () => void (await database.query('commit')),
      rollbackTransaction: async () => void (await database.query('rollback')),
      destroy: async () => {},
    }),
  };
}
