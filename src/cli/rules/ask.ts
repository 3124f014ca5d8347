// `chatbot-rules ask`: one question, its answer, and where it comes from.

import { randomUUID } from 'node:crypto';
import type { Answer } from '../../bots/bot.js';
import { botParts, openBot } from '../../bots/open-bot.js';
import { type AskOption, askOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode, UserError } from '../../errors.js';
import { defaultSettings } from '../../generate/settings.js';
import { jsonLine, oneLine, visible } from '../../quote.js';
import { nearText, visitText } from '../answer-text.js';
import type { Streams } from '../data/reading.js';
import { checkedZone } from '../time-zone.js';
import { botNotNamed } from './bot-store.js';
import { vectorProgress } from './vector-progress.js';

const example = 'chatbot-rules ask "Do you deliver on Sundays?" --bot shop.db';

export async function askCommand(
  given: GivenOptions<AskOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(askOptions, [given]);
  const { text, previous, user, timeZone, bot: locations, json } = options;
  if (text === null || text.trim() === '')
    throw new UserError('prompt-empty', `ask something, for example ${example}`);
  if (locations.length === 0) throw botNotNamed(example);
  const opened = await openBot(botParts(locations), {
    isTrial: true,
    finding: { flags: options, vectors: 'first', progress: vectorProgress(streams) },
  });
  try {
    const answer = await opened.bot.answer(
      {
        // A conversation begins with the user, who must have said something before the bot did.
        turns: previous === null ? [text] : ['', previous, text],
        user: user ?? randomUUID(),
        conversation: null,
        timeZone: checkedZone(timeZone),
        settings: defaultSettings,
        signal: new AbortController().signal,
      },
      () => {},
    );
    streams.stdout.write(json ? `${jsonLine(answerJson(answer))}\n` : answerText(answer));
    return ExitCode.ok;
  } finally {
    await opened.close();
  }
}

function answerText(answer: Answer): string {
  const said = answer.kind === 'said' ? visible(answer.text) : '(no answer)';
  const from =
    answer.kind === 'said' ? [`from      ${oneLine(answer.source)}, score ${answer.score.toFixed(2)}`] : [];
  return [
    said,
    '',
    ...from,
    `because   ${oneLine(answer.why, 300)}`,
    ...answer.visits.map((visit) => `asked     ${visitText(visit)}`),
    ...answer.near.map((near) => `close     ${nearText(near)}`),
    '',
  ].join('\n');
}

export function answerJson(answer: Answer): object {
  return {
    answer: answer.kind === 'said' ? answer.text : null,
    ...(answer.kind === 'said' && { source: answer.source, score: rounded(answer.score) }),
    why: answer.why,
    milliseconds: rounded(answer.milliseconds),
    asked: answer.visits.map(({ bot, kind, score, why }) => ({ bot, kind, score, why })),
    close: answer.near.map((near) => ({ ...near, score: rounded(near.score) })),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
