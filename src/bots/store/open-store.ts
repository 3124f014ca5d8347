// Opens the store that a person names: a SQLite file, or the address of a PostgreSQL database. What a database needs is
// loaded when one is opened.

import { messageOf, UserError } from '../../errors.js';
import { oneLine } from '../../quote.js';
import type { Store } from './store.js';
import type { StoreOptions } from './store-options.js';

/** @throws UserError when it cannot be opened. */
export async function openStore(location: string, options: StoreOptions): Promise<Store> {
  if (/^postgres(?:ql)?:/i.test(location))
    return (await import('./postgres.js')).openPostgres(location, options);
  return (await sqlite()).openSqlite(location, options);
}

/** What libsql computes with is a package of its own for each platform. */
async function sqlite() {
  try {
    return await import('./sqlite.js');
  } catch (thrown) {
    throw new UserError(
      'package-missing',
      `SQLite cannot be loaded (${oneLine(messageOf(thrown), 120)}); install chatbot-train again without --omit=optional, or name a PostgreSQL database`,
      { cause: thrown },
    );
  }
}
