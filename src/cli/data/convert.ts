// `chatbot-data convert`: writes conversations of any format as JSON lines of messages, as training would read them. Reading the
// result gives the same dialogues, with the same turns learned.

import { type ConvertOption, convertOptions } from '../../config/data-options.js';
import { completeOptions, type GivenOptions } from '../../config/schema.js';
import { dialogueRecord } from '../../corpus/written-dialogue.js';
import { ExitCode } from '../../errors.js';
import { NewFile } from '../../files/new-file.js';
import { Spool } from '../../files/spool.js';
import { jsonLine, messageLine } from '../../quote.js';
import { count } from '../format.js';
import { type ReadingOptions, readPaths, type Streams } from './reading.js';

const pieceBytes = 2 ** 16;

/** An error in a late file must not leave half a result in a pipe, so all of it is made before the first line is printed. */
async function print(options: ReadingOptions, streams: Streams): Promise<void> {
  const spool = new Spool();
  readPaths(options, 'chatbot-data convert chats/', streams, (dialogue) => {
    spool.append(Buffer.from(`${dialogueRecord(dialogue)}\n`));
  });
  for (let done = 0; done < spool.length; done += pieceBytes) {
    const piece = Buffer.from(spool.read(done, Math.min(pieceBytes, spool.length - done)));
    // The callback also comes when the reader has gone away.
    await new Promise<void>((written) => streams.stdout.write(piece, () => written()));
  }
  spool.release();
}

export async function convertCommand(
  given: GivenOptions<ConvertOption>,
  streams: Streams = process,
): Promise<number> {
  const options = completeOptions(convertOptions, [given]);
  if (options.out === null) {
    await print(options, streams);
    return ExitCode.ok;
  }
  const file = new NewFile(options.out, options.force);
  let dialogues = 0;
  try {
    readPaths(options, 'chatbot-data convert chats/', streams, (dialogue) => {
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
