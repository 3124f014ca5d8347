// `chatbot-rules validate`: mistakes in a bot file, and answers in a store that contradict each other.

import { contradictions } from '../../bots/knowledge/contradictions.js';
import { botParts } from '../../bots/open-bot.js';
import type { Finding } from '../../bots/rules/bot-file.js';
import { readBotFile } from '../../bots/rules/read-bot-file.js';
import { validateBotFile } from '../../bots/rules/validate.js';
import { type ValidateOption, validateOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode } from '../../errors.js';
import { jsonLine, messageLine } from '../../quote.js';
import type { Streams } from '../data/reading.js';
import { botNotNamed, withStore } from './bot-store.js';

const example = 'chatbot-rules validate --bot bot.yaml';

export async function validateCommand(
  given: GivenOptions<ValidateOption>,
  streams: Streams = process,
): Promise<number> {
  const { bot, json } = completeOptions(validateOptions, [given]);
  if (bot.length === 0) throw botNotNamed(example);
  const { file, store } = botParts(bot);
  const ofFile = file === null ? [] : validateBotFile(readBotFile(file));
  const note = (text: string) => {
    streams.stderr.write(`${text}\n`);
  };
  const ofStore =
    store === null ? [] : await withStore(store, example, 'read', (opened) => contradictions(opened, note));
  const findings: readonly Finding[] = [...ofFile, ...ofStore];
  for (const { severity, place, message } of findings)
    streams.stdout.write(
      json
        ? `${jsonLine({ severity, place, message })}\n`
        : `${severity}: ${messageLine(`${place} ${message}`)}\n`,
    );
  if (findings.length === 0 && !json) streams.stdout.write('nothing was found\n');
  return findings.length > 0 ? ExitCode.unexpected : ExitCode.ok;
}
