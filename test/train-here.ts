// For tests: `chatbot-train` from its words to its exit code, inside the test's own process, which saves the start of a
// process. What only a process has, such as signals and the words that no option knows, needs `chatbotTrain`.

import { PassThrough } from 'node:stream';
import { flagMessageOf } from '../src/cli/flag-names.js';
import { givenFlags } from '../src/cli/flags.js';
import { createProgram } from '../src/cli/program.js';
import { type StartRun, trainCommand } from '../src/cli/train.js';
import { trainOptions } from '../src/config/train-options.js';
import { UserError } from '../src/errors.js';
import { messageLine } from '../src/quote.js';
import type { Outcome } from './tiny-run.js';

// As `chatbotTrain` sets them.
process.env.HF_HUB_OFFLINE = '1';
delete process.env._;

/** `chatbot-train` with these words, in this process; `startRun` may watch the run. */
export async function trainHere(words: readonly string[], startRun?: StartRun): Promise<Outcome> {
  const text = { name: 'chatbot-train', description: '', usage: '', epilogue: '' };
  const program = createProgram(text, trainOptions);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let code: number | null = null;
  program.action(async () => {
    code = await trainCommand(givenFlags(program, trainOptions), startRun, { stdout, stderr });
  });
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    stderr.write(`error: ${messageLine(flagMessageOf(thrown))}\n`);
    code = thrown.exitCode;
  }
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}
