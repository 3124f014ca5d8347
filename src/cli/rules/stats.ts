// `chatbot-rules stats`: what the bot knows, and from where.

import type { MeaningState } from '../../bots/retrieval/meaning/meanings.js';
import {
  type EmbedderFlags,
  embedderNames,
  type OpenRetrievalOptions,
  openRetrieval,
} from '../../bots/retrieval/open-retrieval.js';
import type { Store } from '../../bots/store/store.js';
import { type StatsOption, statsOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode } from '../../errors.js';
import { jsonLine } from '../../quote.js';
import type { Streams } from '../data/reading.js';
import { count } from '../format.js';
import { headerText } from '../progress.js';
import { withBot } from './bot-store.js';

const mostFiles = 20;

export async function statsCommand(
  given: GivenOptions<StatsOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(statsOptions, [given]);
  return withBot(options.bot, 'chatbot-rules stats --bot shop.db', 'read', async (store, bot) => {
    const files = new Map<string, number>();
    for await (const batch of store.changes(0))
      for (const change of batch) {
        if (change.kind === 'removed') continue;
        // `faq.csv:12` -> `faq.csv`
        const file = change.pair.source.replace(/:\d+$/, '');
        files.set(file, (files.get(file) ?? 0) + 1);
      }
    const { pairs, conversations, turns, facts, votes, waiting } = await store.counts();
    const byFile = [...files].sort(([, one], [, other]) => other - one);
    const more = byFile.length - mostFiles;
    const meaning = await meaningOf(store, bot, options);
    streams.stdout.write(
      options.json
        ? `${jsonLine({ bot: store.name, answers: pairs, conversations, turns, facts, votes, waiting, files: Object.fromEntries(byFile), ...(meaning && { embedder: meaning }) })}\n`
        : headerText([
            ['bot', store.name],
            ['answers', count(pairs)],
            ['conversations', `${count(conversations)}, with ${count(turns)} turns`],
            ['facts', count(facts)],
            ['votes', count(votes)],
            ['to review', count(waiting)],
            ...(meaning ? meaningLines(meaning) : []),
            ...byFile
              .slice(0, mostFiles)
              .map(([file, known]) => ['from', `${file}: ${count(known)}`] as const),
            ...(more > 0 ? [['', `and ${count(more)} more files`] as const] : []),
          ]),
    );
    return ExitCode.ok;
  });
}

/** The state of the embedder after one question; null if there is none. */
async function meaningOf(
  store: Store,
  bot: Pick<OpenRetrievalOptions, 'location' | 'file'>,
  flags: EmbedderFlags,
): Promise<MeaningState | null> {
  if (embedderNames(flags, bot.file) === null) return null;
  const retrieval = await openRetrieval(store, { ...bot, flags, vectors: 'none' });
  try {
    await retrieval.meanings?.ask('Is anybody there?', new AbortController().signal);
    return retrieval.meaningState;
  } finally {
    await retrieval.close();
  }
}

function meaningLines({ embedder, vectors, missing, trouble }: MeaningState): [string, string][] {
  const without = missing === 0 ? '' : `, ${count(missing)} have none yet`;
  return [
    ['embedder', embedder],
    ['vectors', `of ${count(vectors)} questions${without}`],
    ...(trouble === null ? [] : [['', `it does not answer: ${trouble}`] as [string, string]]),
  ];
}
