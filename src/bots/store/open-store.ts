// Opens the store that a person names: a SQLite file, or the address of a PostgreSQL database. What a database needs is
// loaded when one is opened.

import type { Store } from './store.js';
import type { StoreOptions } from './store-options.js';

/** @throws UserError when it cannot be opened. */
export async function openStore(location: string, options: StoreOptions): Promise<Store> {
  if (/^postgres(?:ql)?:/i.test(location))
    return (await import('./postgres.js')).openPostgres(location, options);
  return (await import('./sqlite.js')).openSqlite(location, options);
}
