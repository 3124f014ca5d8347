// Opens the store that `--bot` names, for the time of one command.

import { botParts } from '../../bots/open-bot.js';
import type { BotFile } from '../../bots/rules/bot-file.js';
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

/** As `withStore`, for a command that may also be given the bot file. */
export async function withBot<Result>(
  bots: readonly string[],
  example: string,
  access: 'create' | 'write' | 'read',
  use: (store: Store, finding: { location: string | null; file: BotFile | null }) => Promise<Result>,
): Promise<Result> {
  const { store: location, file: path } = botParts(bots);
  const file = path === null ? null : (await import('../../bots/rules/read-bot-file.js')).openBotFile(path);
  return withStore(location, example, access, (store) => use(store, { location, file }));
}

export function botNotNamed(example: string): UserError {
  return new UserError('bot-not-named', `name the bot with ${option('bot')}, for example ${example}`);
}
