// `chatbot-rules export`: what the bot knows as a file: to train a model on, to edit as a table, or for ChatterBot.

import type { Pair, Store } from '../../bots/store/store.js';
import { type ExportOption, type ExportOptions, exportOptions } from '../../config/rules-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { ExitCode } from '../../errors.js';
import { NewFile } from '../../files/new-file.js';
import { jsonLine, messageLine } from '../../quote.js';
import type { Streams } from '../data/reading.js';
import { count } from '../format.js';
import { withStore } from './bot-store.js';

interface Format {
  readonly begin: string;
  pair(pair: Pair, index: number): string;
  readonly end: string;
}

const formats: Readonly<Record<ExportOptions['to'], Format>> = {
  jsonl: {
    begin: '',
    pair: pairLine,
    end: '',
  },
  chatterbot: {
    begin: '{"conversations":[',
    pair: ({ question, answer }, index) => `${index > 0 ? ',' : ''}\n${JSON.stringify([question, answer])}`,
    end: '\n]}\n',
  },
  csv: {
    begin: 'question,answer\r\n',
    pair: ({ question, answer }) => `${field(question)},${field(answer)}\r\n`,
    end: '',
  },
};

/** A line that `chatbot-train --data` reads. */
export function pairLine({ previous, question, answer }: Pair): string {
  return `${JSON.stringify({
    messages: [
      // The turn before the question is context: it is not learned again.
      ...(previous === null ? [] : [{ role: 'assistant', content: previous, weight: 0 }]),
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  })}\n`;
}

export async function exportCommand(
  given: GivenOptions<ExportOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(exportOptions, [given]);
  return withStore(
    options.bot,
    'chatbot-rules export --bot shop.db --out learned.jsonl',
    'read',
    async (store) => {
      if (options.out === null) {
        // The callback also comes when the reader has gone away.
        const print = (text: string) => new Promise<void>((done) => streams.stdout.write(text, () => done()));
        await writePairs(store, options, print);
        return ExitCode.ok;
      }
      const file = new NewFile(options.out, options.force);
      try {
        const pairs = await writePairs(store, options, async (text) => file.write(text));
        file.commit();
        const line = options.json
          ? jsonLine({ out: options.out, answers: pairs })
          : messageLine(`${options.out}: ${count(pairs)} ${pairs === 1 ? 'answer' : 'answers'}`);
        streams.stdout.write(`${line}\n`);
      } catch (thrown) {
        file.discard();
        throw thrown;
      }
      return ExitCode.ok;
    },
  );
}

/** @returns how many pairs were written. */
async function writePairs(
  store: Store,
  { to, accepted }: ExportOptions,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const format = formats[to];
  let written = 0;
  let waiting = format.begin;
  for await (const pair of accepted ? store.accepted(0) : allPairs(store)) {
    waiting += format.pair(pair, written++);
    if (waiting.length < 2 ** 16) continue;
    await write(waiting);
    waiting = '';
  }
  await write(waiting + format.end);
  return written;
}

async function* allPairs(store: Store): AsyncGenerator<Pair> {
  for await (const batch of store.changes(0))
    for (const change of batch) if (change.kind === 'kept') yield change.pair;
}

/** As RFC 4180 quotes it. */
function field(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
