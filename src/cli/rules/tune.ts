// `chatbot-rules tune`: thresholds for a bot from questions with known answers, and the curve of precision and recall.

import { pairsOf } from '../../bots/knowledge/pairs-of.js';
import { openRetrieval } from '../../bots/retrieval/open-retrieval.js';
import { curveOf, thresholdFor, trials } from '../../bots/retrieval/tune.js';
import type { Pair } from '../../bots/store/store.js';
import { type TuneOption, tuneOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { defaultSettings } from '../../generate/settings.js';
import { jsonLine } from '../../quote.js';
import { readPaths, type Streams } from '../data/reading.js';
import { withBot } from './bot-store.js';
import { vectorProgress } from './vector-progress.js';

const example = 'chatbot-rules tune paraphrases.csv --bot shop.db';

export async function tuneCommand(
  given: GivenOptions<TuneOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(tuneOptions, [given]);
  const asked: Pair[] = [];
  readPaths(options, example, streams, (dialogue) => {
    asked.push(...pairsOf(dialogue).map((pair) => ({ ...pair, previous: null })));
  });
  if (asked.length === 0)
    throw new UserError(
      'nothing-to-learn',
      'no question has an answer; name questions in other words with their answers',
    );
  return withBot(options.bot, example, 'read', async (store, parts) => {
    const bot = await openRetrieval(store, {
      ...parts,
      answers: { answerFrom: 0, nearFrom: 0 },
      ...{ flags: options, vectors: 'now', progress: vectorProgress(streams, options.quiet) },
    });
    const { signal } = new AbortController();
    const found = await trials(bot, asked, (text) => ({
      ...{ turns: [text], user: null, conversation: null, timeZone: null, settings: defaultSettings, signal },
    }));
    const curve = curveOf(found);
    const answerFrom = thresholdFor(curve, options.precision);
    const certainFrom = Math.max(answerFrom, thresholdFor(curve, options.certainPrecision));
    const nearFrom = Math.max(0, Math.round(100 * (answerFrom - 0.15)) / 100);
    const settings = { certain_from: certainFrom, answer_from: answerFrom, near_from: nearFrom };
    const shown = curve.filter(({ threshold }) => Math.round(100 * threshold) % 5 === 0);
    const percent = (share: number) => `${(100 * share).toFixed(1)}%`.padStart(9);
    streams.stdout.write(
      options.json
        ? `${jsonLine({ questions: asked.length, answers: settings, curve })}\n`
        : [
            'threshold  precision    recall\n',
            ...shown.map(
              ({ threshold, precision, recall }) =>
                `${threshold.toFixed(2).padStart(9)}  ${percent(precision)} ${percent(recall)}\n`,
            ),
            `\nfor the bot file (${asked.length} questions):\nanswers:\n`,
            ...Object.entries(settings).map(([key, value]) => `  ${key}: ${value}\n`),
          ].join(''),
    );
    return ExitCode.ok;
  });
}
