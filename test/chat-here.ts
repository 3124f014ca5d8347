// For tests: `chatbot-chat` on this input, from its words to its exit code, inside the test's own process, which saves the
// start of a process. What only a process has, such as signals and the words that no option knows, needs one.

import { PassThrough } from 'node:stream';
import { chatCommand } from '../src/cli/chat/command.js';
import { flagMessageOf } from '../src/cli/flag-names.js';
import { givenFlags } from '../src/cli/flags.js';
import { createProgram } from '../src/cli/program.js';
import { chatOptions } from '../src/config/chat-options.js';
import { UserError } from '../src/errors.js';
import { messageLine } from '../src/quote.js';
import type { Outcome } from './tiny-run.js';

process.env.HF_HUB_OFFLINE = '1';

export async function chatHere(words: readonly string[], input: string | Uint8Array = ''): Promise<Outcome> {
  const text = { name: 'chatbot-chat', description: '', usage: '', epilogue: '' };
  const program = createProgram(text, chatOptions);
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  let code: number | null = null;
  program.action(async () => {
    code = await chatCommand(givenFlags(program, chatOptions), undefined, { stdin, stdout, stderr });
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
