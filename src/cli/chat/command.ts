// The `chatbot-chat` command: opens a model, then answers one message, the lines of a script, or a person at the terminal.

import type { ChatOption } from '../../config/chat-options.js';
import { candidateCount, generationSettings, loadChatOptions } from '../../config/chat-settings.js';
import type { GivenOptions } from '../../config/schema.js';
import { tidyText } from '../../corpus/tidy-text.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { Conversation } from '../../generate/conversation.js';
import { type OpenChat, type OpenedChat, openChat, type PartnerOptions } from '../../library/open-chat.js';
import { oneLine } from '../../quote.js';
import { count } from '../format.js';
import { createProgress } from '../progress.js';
import { knownModels } from './known-models.js';
import { type Output, runPrompt, runScript } from './script.js';

export interface ChatTerminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean; destroy?(): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
}

/**
 * @returns the exit code.
 * @throws UserError for anything that a person can correct.
 */
export async function chatCommand(
  flags: GivenOptions<ChatOption>,
  open: OpenChat = openChat,
  terminal: ChatTerminal = process,
): Promise<number> {
  const { stdin, stdout, stderr } = terminal;
  const { options, notes } = loadChatOptions(flags);
  const { model, prompt, json } = options;
  if (model === null) throw noModelNamed();
  if (prompt !== null && tidyText(prompt) === '')
    throw new UserError('prompt-empty', '--prompt is empty; give it a message');
  const interactive = prompt === null && !json && stdin.isTTY === true && stdout.isTTY === true;
  const progress = createProgress({ tty: stderr.isTTY === true, quiet: options.quiet, stream: stderr });
  for (const note of notes) progress.note(note);
  const chat = await open({ ...options, model }, progress).finally(progress.stop);
  try {
    const conversation = new Conversation(chat.model, generationSettings(options), candidateCount(options));
    if (prompt !== null) return await runPrompt(conversation, tidyText(prompt), { output: stdout, json });
    if (!interactive) return await runScript(conversation, stdin, { output: stdout, json });
    if (!options.quiet) stderr.write(`${headline({ ...options, model }, chat)}\n`);
    const { runRepl } = await import('./repl.js');
    return await runRepl(conversation, { flags, chat, terminal });
  } finally {
    chat.dispose();
    // A pipe whose other end is still open must not keep the process alive.
    stdin.destroy?.();
  }
}

/** The model and the device, in one line. */
function headline({ mmi }: PartnerOptions, { model, device, precision }: OpenedChat): string {
  const ranked = mmi === null ? '' : `, ranked by ${mmi}`;
  const parts = [
    `${count(model.parameters)} parameters in ${precision}`,
    formatBytes(model.memoryBytes),
    device,
  ];
  return oneLine(`${model.label}${ranked} (${parts.join(', ')})`, 300);
}

function noModelNamed(): UserError {
  const found = knownModels();
  const more = found.length > 5 ? ` and ${found.length - 5} more in results/` : '';
  const cure =
    found.length === 0
      ? 'for example microsoft/DialoGPT-small, or the --output-dir of a run'
      : `models found here: ${found
          .slice(0, 5)
          .map((folder) => oneLine(folder))
          .join(', ')}${more}`;
  return new UserError('model-not-named', `no model is named: use chatbot-chat <model>; ${cure}`);
}
