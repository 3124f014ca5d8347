// `chatbot-data tokens`: adds the tokens of a model to prepared corpora, which chatbot-train then reads in place.

import { type TokensOption, tokensOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { option } from '../../option-names.js';
import { addTokens } from '../../prepare/write-tokens.js';
import { jsonLine, messageLine } from '../../quote.js';
import { openModelTokenizer } from '../../weights/open-model.js';
import { count } from '../format.js';
import type { Streams } from './reading.js';

export async function tokensCommand(
  given: GivenOptions<TokensOption>,
  streams: Streams = process,
): Promise<number> {
  const { paths, tokenizer: model, json } = completeOptions(tokensOptions, [given]);
  if (paths.length === 0 || model === null)
    throw new UserError(
      'data-not-named',
      `name prepared corpora and ${option('tokenizer')}, for example chatbot-data tokens corpus/ --tokenizer microsoft/DialoGPT-small`,
    );
  const tokenizer = await openModelTokenizer(model);
  for (const corpus of paths) {
    const { dialogues, tokens, shards } = await addTokens(corpus, tokenizer);
    const result = json
      ? jsonLine({ corpus, dialogues, tokens, shards })
      : messageLine(
          `${corpus}: ${count(tokens)} tokens of ${count(dialogues)} dialogues in ${count(shards)} ${shards === 1 ? 'shard' : 'shards'}`,
        );
    streams.stdout.write(`${result}\n`);
  }
  return ExitCode.ok;
}
