// The `chatbot-chat` command: opens a model, then answers one message, the lines of a script, or a person at the terminal.

import type { ChatOption, ChatOptions } from '../../config/chat-options.js';
import { candidateCount, generationSettings, loadChatOptions } from '../../config/chat-settings.js';
import type { GivenOptions } from '../../config/schema.js';
import { plural } from '../../corpus/summary.js';
import { tidyText } from '../../corpus/tidy-text.js';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { Conversation } from '../../generate/conversation.js';
import type { OpenChat } from '../../library/open-chat.js';
import { oneLine } from '../../quote.js';
import { count } from '../format.js';
import { createProgress } from '../progress.js';
import { knownModels } from './known-models.js';
import { openPartner, type Partner } from './partner.js';
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
  open?: OpenChat,
  terminal: ChatTerminal = process,
): Promise<number> {
  const { stdin, stdout, stderr } = terminal;
  const { options, notes } = loadChatOptions(flags);
  const { model, prompt, json, rules } = options;
  if (model === null && rules.length === 0) throw noModelNamed();
  if (prompt !== null && tidyText(prompt) === '')
    throw new UserError('prompt-empty', '--prompt is empty; give it a message');
  const interactive = prompt === null && !json && stdin.isTTY === true && stdout.isTTY === true;
  const progress = createProgress({ tty: stderr.isTTY === true, quiet: options.quiet, stream: stderr });
  for (const note of notes) progress.note(note);
  const partner = await openPartner(options, open, progress).finally(progress.stop);
  try {
    const conversation = new Conversation(
      partner.speaker,
      generationSettings(options),
      candidateCount(options),
    );
    const before = (await partner.bot?.resume(mostResumed)) ?? [];
    conversation.load(before);
    if (before.length > 0 && !options.quiet)
      progress.note(`goes on with ${plural(before.length, 'turn')} of your last conversation`);
    if (prompt !== null) return await runPrompt(conversation, tidyText(prompt), { output: stdout, json });
    if (!interactive) return await runScript(conversation, stdin, { output: stdout, json });
    if (!options.quiet) stderr.write(`${headline(options, partner)}\n`);
    const { runRepl } = await import('./repl.js');
    return await runRepl(conversation, { flags, partner, terminal });
  } finally {
    await partner.close();
    // A pipe whose other end is still open must not keep the process alive.
    stdin.destroy?.();
  }
}

/** So many turns of the user's last conversation go on. */
const mostResumed = 20;

/** Who answers, in one line. */
function headline({ mmi, rules }: ChatOptions, { chat }: Partner): string {
  const bots = rules.length === 0 ? '' : `${chat ? ' after ' : ''}${rules.join(' and ')}`;
  if (chat === null) return oneLine(bots, 300);
  const { model, device, precision } = chat;
  const ranked = mmi === null ? '' : `, ranked by ${mmi}`;
  const parts = [
    `${count(model.parameters)} parameters in ${precision}`,
    formatBytes(model.memoryBytes),
    device,
  ];
  return oneLine(`${model.label}${ranked} (${parts.join(', ')})${bots}`, 300);
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
