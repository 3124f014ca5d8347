// Opens the store that `--bot` names, for the time of one command.

import { openStore } from '../../bots/store/open-store.js';
import type { Store } from '../../bots/store/store.js';
import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';

/**
 * @param example a whole command, for the message when no store is named.
 * @param access `create`: a store that does not exist is made.
 */
export async function withStore<Result>(
  location: string | null,
  example: string,
  access: 'create' | 'write' | 'read',
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  if (location === null) throw botNotNamed(example);
  const store = await openStore(location, { create: access === 'create', readOnly: access === 'read' });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

export function botNotNamed(example: string): UserError {
  return new UserError('bot-not-named', `name the bot with ${option('bot')}, for example ${example}`);
}
