// `chatbot-rules learn`: question-answer pairs of files into the bot's store. All files are read before the first pair is
// kept, so a file that cannot be read leaves the store as it was.

import { pairsOf } from '../../bots/knowledge/pairs-of.js';
import {
  type EmbedderFlags,
  embedderNames,
  type OpenRetrievalOptions,
  openRetrieval,
} from '../../bots/retrieval/open-retrieval.js';
import type { Pair, Store } from '../../bots/store/store.js';
import { type LearnPairsOption, learnPairsOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { JsonSpool } from '../../files/json-spool.js';
import { jsonLine, messageLine } from '../../quote.js';
import { readPaths, type Streams } from '../data/reading.js';
import { count } from '../format.js';
import { withBot } from './bot-store.js';
import { vectorProgress } from './vector-progress.js';

export async function learnCommand(
  given: GivenOptions<LearnPairsOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(learnPairsOptions, [given]);
  const pairs = new JsonSpool<Pair>();
  const leftOut = new Map<string, number>();
  try {
    readPaths(options, 'chatbot-rules learn faq.csv --bot shop.db', streams, (dialogue) => {
      const found = pairsOf(dialogue, (why) => leftOut.set(why, (leftOut.get(why) ?? 0) + 1));
      for (const pair of found) pairs.add(pair);
    });
    if (!options.quiet) for (const [why, turns] of leftOut) streams.stderr.write(leftOutLine(why, turns));
    if (pairs.count === 0)
      throw new UserError(
        'nothing-to-learn',
        'no question has an answer; name files with questions and answers, or conversations of two speakers',
      );
    const example = 'chatbot-rules learn faq.csv --bot shop.db';
    return await withBot(options.bot, example, 'create', async (store, bot) => {
      const names = embedderNames(options, bot.file);
      if (names) (await import('../../bots/retrieval/meaning/open-embedder.js')).checkedEmbedder(names);
      const { added, repeated } = await store.learn(pairs.values());
      const all = await store.pairs();
      streams.stdout.write(
        options.json
          ? `${jsonLine({ bot: store.name, added, repeated, pairs: all })}\n`
          : `${messageLine(store.name)}: ${count(added)} new answers, ${count(repeated)} that it knew; it now knows ${count(all)}\n`,
      );
      // What was learned is kept, whatever becomes of its vectors.
      if (names) await makeVectors(store, bot, options, streams);
      return ExitCode.ok;
    });
  } finally {
    pairs.release();
  }
}

async function makeVectors(
  store: Store,
  bot: Pick<OpenRetrievalOptions, 'location' | 'file'>,
  flags: EmbedderFlags & { readonly quiet: boolean },
  streams: Streams,
): Promise<void> {
  const progress = vectorProgress(streams, flags.quiet);
  const retrieval = await openRetrieval(store, { ...bot, flags, vectors: 'now', progress });
  await retrieval.close();
}

function leftOutLine(why: string, turns: number): string {
  return `${count(turns)} ${turns === 1 ? 'reply' : 'replies'} left out: ${why}\n`;
}
