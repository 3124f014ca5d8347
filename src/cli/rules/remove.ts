// `chatbot-rules remove`: takes the pairs of a file out of the bot's store.

import { type RemovePairsOption, removePairsOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { jsonLine, messageLine, quoted } from '../../quote.js';
import type { Streams } from '../data/reading.js';
import { count } from '../format.js';
import { withStore } from './bot-store.js';

export async function removeCommand(
  given: GivenOptions<RemovePairsOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(removePairsOptions, [given]);
  const example = 'chatbot-rules remove faq.csv --bot shop.db';
  if (options.files.length === 0)
    throw new UserError('data-not-named', `name a file that the bot learned, for example ${example}`);
  return withStore(options.bot, example, 'write', async (store) => {
    for (const file of options.files) {
      const removed = await store.remove({ file });
      if (removed === 0)
        throw new UserError(
          'source-unknown',
          `${store.name} has learned nothing from ${quoted(file, 200)}; chatbot-rules stats lists the files`,
        );
      streams.stdout.write(
        options.json
          ? `${jsonLine({ file, removed })}\n`
          : `${messageLine(file)}: ${count(removed)} ${removed === 1 ? 'answer is' : 'answers are'} forgotten\n`,
      );
    }
    return ExitCode.ok;
  });
}
