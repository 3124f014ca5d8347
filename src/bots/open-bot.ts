// Opens a bot from what a person names: a store, a bot file, or both, and perhaps a model.

import { UserError } from '../errors.js';
import { type AnswerSettings, defaultAnswers } from './answer-settings.js';
import type { Bot } from './bot.js';
import { defaultMargin, HybridBot, type HybridSettings, type Model } from './hybrid-bot.js';
import { MemoryBot } from './memory/memory-bot.js';
import type { MeaningState } from './retrieval/meaning/meanings.js';
import { type OpenRetrievalOptions, openRetrieval } from './retrieval/open-retrieval.js';
import type { BotFile } from './rules/bot-file.js';
import { MemoryStore } from './store/memory-store.js';
import { openStore } from './store/open-store.js';
import type { Store } from './store/store.js';

export interface BotParts {
  /** The location of a store; null: what is learned is forgotten at the end. */
  readonly store: string | null;
  /** The path of a bot file. */
  readonly file: string | null;
}

export interface OpenBotOptions extends Partial<Omit<HybridSettings, 'answers'>> {
  /** How learned questions are found; what is not given is as the bot file says. */
  readonly finding?: Pick<OpenRetrievalOptions, 'flags' | 'vectors' | 'progress'>;
  readonly model?: Model | null;
  /** What is said is not kept in the store that is named. */
  readonly isTrial?: boolean;
  /** Days for which facts about users are kept; null: for ever. */
  readonly keepDays?: number | null;
  /** Without a store, the newest conversations are kept, at most so many; null: all. */
  readonly mostConversations?: number | null;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface OpenedBot {
  readonly bot: Bot;
  /** Where conversations, facts and votes are kept. */
  readonly store: Store;
  readonly file: BotFile | null;
  readonly answers: AnswerSettings;
  /** Null without an embedder. */
  meaningState(): MeaningState | null;
  close(): Promise<void>;
}

/**
 * Tells a store and a bot file apart, by their names: a bot file ends in .yaml or .yml.
 * @throws UserError (usage) when there are two of a kind.
 */
export function botParts(locations: readonly string[]): BotParts {
  const isFile = (location: string) => /\.ya?ml$/i.test(location);
  const [files, stores] = [locations.filter(isFile), locations.filter((location) => !isFile(location))];
  for (const [what, all] of [
    ['bot files', files],
    ['stores', stores],
  ] as const)
    if (all.length > 1)
      throw new UserError(
        'options-conflict',
        `a bot has one of each, but ${all.join(' and ')} are two ${what}; name one of them`,
      );
  return { store: stores[0] ?? null, file: files[0] ?? null };
}

/** @throws UserError when a part cannot be opened. */
export async function openBot(
  { store: location, file: path }: BotParts,
  options: OpenBotOptions = {},
): Promise<OpenedBot> {
  const { now = Date.now, model = null, isTrial = false, keepDays = null } = options;
  const { mostConversations = null } = options;
  const file = path === null ? null : (await import('./rules/read-bot-file.js')).openBotFile(path);
  const answers = file?.answers ?? defaultAnswers;
  const kept = location === null ? null : await openStore(location, { create: false, readOnly: isTrial });
  const store = kept === null || isTrial ? new MemoryStore(mostConversations) : kept;
  try {
    const rules = file && new (await import('./rules/rules-bot.js')).RulesBot(file, store, now);
    const retrieval = kept && (await openRetrieval(kept, { location, file, ...options.finding }));
    const bot = new HybridBot(
      {
        memory: new MemoryBot(store, { keepDays, now }),
        rules,
        retrieval,
        model,
      },
      {
        ...{ answers, isStrict: options.isStrict ?? false },
        ...{ retrieval: options.retrieval ?? 'first', margin: options.margin ?? defaultMargin },
        blocked: file?.blocked ?? null,
      },
    );
    const close = async () => {
      await bot.close();
      await kept?.close();
    };
    const meaningState = () => retrieval?.meaningState ?? null;
    return { bot, store, file, answers, meaningState, close };
  } catch (thrown) {
    await kept?.close();
    throw thrown;
  }
}
