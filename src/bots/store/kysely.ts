// Kysely, loaded as CommonJS: it has 260 files, which Node.js reads in half the time that it takes for ES modules. Types are
// imported from the package itself.

import { createRequire } from 'node:module';

const kysely: typeof import('kysely') = createRequire(import.meta.url)('kysely');

export const {
  CompiledQuery,
  Kysely,
  PostgresDialect,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} = kysely;
