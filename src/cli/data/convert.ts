// `chatbot-data convert`: writes conversations of any format as JSON lines of messages, as training would read them. Reading the
// result gives the same dialogues, with the same turns learned.

import { once } from 'node:events';
import { type ConvertOption, convertOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { dialogueRecord } from '../../corpus/written-dialogue.js';
import { ExitCode } from '../../errors.js';
import { NewFile } from '../../files/new-file.js';
import { jsonLine, messageLine } from '../../quote.js';
import { count } from '../format.js';
import { readPaths, type Streams } from './reading.js';

export async function convertCommand(
  given: GivenOptions<ConvertOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(convertOptions, [given]);
  if (options.out === null) {
    // An error in a late file must not leave half a result in a pipe.
    const lines: string[] = [];
    readPaths(options, 'convert', streams, (dialogue) => lines.push(`${dialogueRecord(dialogue)}\n`));
    for (const line of lines) if (!streams.stdout.write(line)) await once(streams.stdout, 'drain');
    return ExitCode.ok;
  }
  const file = new NewFile(options.out, options.force);
  let dialogues = 0;
  try {
    readPaths(options, 'convert', streams, (dialogue) => {
      file.write(`${dialogueRecord(dialogue)}\n`);
      dialogues++;
    });
    file.commit();
  } catch (thrown) {
    file.discard();
    throw thrown;
  }
  const result = options.json
    ? jsonLine({ out: options.out, dialogues })
    : messageLine(`${options.out}: ${count(dialogues)} ${dialogues === 1 ? 'dialogue' : 'dialogues'}`);
  streams.stdout.write(`${result}\n`);
  return ExitCode.ok;
}
