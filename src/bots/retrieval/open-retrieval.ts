// Opens the bot of learned answers as a bot file and options say.

import { UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { type AnswerSettings, defaultAnswers } from '../answer-settings.js';
import type { BotFile } from '../rules/bot-file.js';
import type { Store } from '../store/store.js';
import type { EmbedderNames } from './meaning/open-embedder.js';
import { RetrievalBot } from './retrieval-bot.js';

/** The options of a command line; each null if it is not given. */
export interface EmbedderFlags {
  /** `none`: not even the bot file's. */
  readonly embedder: string | null;
  readonly embedderModel: string | null;
  readonly embedderKeyVariable: string | null;
}

export const noEmbedderFlags: EmbedderFlags = {
  ...{ embedder: null, embedderModel: null, embedderKeyVariable: null },
};

export interface OpenRetrievalOptions {
  /** The location of the store. */
  readonly location: string | null;
  readonly file: BotFile | null;
  readonly flags?: EmbedderFlags;
  /** What is not as the bot file says. */
  readonly answers?: Partial<AnswerSettings>;
  /**
   * When missing vectors are made. `now`: before the first question, or fails. `first`: before the first question, if it can.
   * `beside`: beside the questions. `none`: never, only those that are kept are used.
   */
  readonly vectors?: 'now' | 'first' | 'beside' | 'none';
  readonly progress?: (done: number, all: number) => void;
}

/** @throws UserError when its embedder cannot be opened. */
export async function openRetrieval(
  store: Store,
  {
    location,
    file,
    flags = noEmbedderFlags,
    answers = {},
    vectors = 'beside',
    progress,
  }: OpenRetrievalOptions,
): Promise<RetrievalBot> {
  const names = embedderNames(flags, file);
  const meaning =
    names &&
    (await (
      await import('./meaning/open-embedder.js')
    ).openMeaning(names, {
      store: location,
      keyVariable: flags.embedderKeyVariable,
    }));
  const bot = await RetrievalBot.open(
    store,
    { ...defaultAnswers, ...file?.answers, ...answers },
    {
      ...(file && { wording: file.retrieval }),
      meaning: meaning && { ...meaning, makes: vectors !== 'none', ...(progress && { progress }) },
    },
  );
  try {
    if (vectors === 'now') await bot.meanings?.fill();
    // Whoever asks is told why there are no vectors.
    if (vectors === 'first') await bot.meanings?.fill().catch(() => {});
    return bot;
  } catch (thrown) {
    await bot.close();
    throw thrown;
  }
}

/**
 * @returns null: questions are found by their words only.
 * @throws UserError (options-conflict) for options that have no effect.
 */
export function embedderNames(flags: EmbedderFlags, file: BotFile | null): EmbedderNames | null {
  const { embedder, embedderModel: model, embedderKeyVariable } = flags;
  if (embedder !== null && embedder !== 'none') return { embedder, model };
  const named = embedder === null ? (file?.retrieval.embedder ?? null) : null;
  if (named) return { ...named, model: model ?? named.model };
  for (const [key, value] of [
    ['embedderModel', model],
    ['embedderKeyVariable', embedderKeyVariable],
  ] as const)
    if (value !== null)
      throw new UserError(
        'options-conflict',
        `${option(key)} has no effect without ${option('embedder')}; add it`,
      );
  return null;
}
