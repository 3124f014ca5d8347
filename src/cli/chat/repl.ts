// The conversation in a terminal: passes each input to the model or to a command. An error is reported and does not end it;
// Ctrl+D, `/exit` and a closed terminal do.

import { join } from 'node:path';
import type { ChatOption } from '../../config/chat-options.js';
import type { GivenOptions } from '../../config/schema.js';
import { ExitCode } from '../../errors.js';
import { stateFolder } from '../../files/user-folders.js';
import type { Conversation } from '../../generate/conversation.js';
import { runCommand } from './commands.js';
import { complete } from './completion.js';
import { HistoryFile, historySize } from './history.js';
import type { TerminalInput } from './keyboard.js';
import { LineReader } from './line-reader.js';
import { Screen, type TerminalOutput } from './screen.js';
import { type ChatPartner, Session, sentenceOf } from './session.js';
import { ChatSettings } from './settings.js';

export interface ReplContext {
  /** The flags of the command line, which the conversation started with. */
  readonly flags: GivenOptions<ChatOption>;
  readonly partner: ChatPartner;
  readonly terminal: { readonly stdin: TerminalInput; readonly stdout: TerminalOutput };
  readonly environment?: NodeJS.ProcessEnv;
}

/** @returns the exit code. @throws UserError (usage) for flags that loadChatOptions refuses. */
export async function runRepl(
  conversation: Conversation,
  { flags, partner, terminal, environment = process.env }: ReplContext,
): Promise<number> {
  const { stdin: input, stdout: output } = terminal;
  const settings = new ChatSettings(flags);
  const screen = new Screen(output);
  const folder = stateFolder(environment);
  const feedbackFile = join(folder, 'feedback.jsonl');
  const session = new Session(conversation, settings, partner, screen, feedbackFile);
  const history = settings.options.history ? new KeptHistory(join(folder, 'chat-history'), screen) : null;
  if (!settings.options.quiet)
    screen.note('/help lists the commands; Ctrl+C stops a reply, Ctrl+D ends the program');
  const reader = new LineReader({
    ...{ input, output, complete, historySize },
    history: history?.entries ?? [],
    clearedNote: `${screen.styled('note', 'Ctrl+D or /exit ends the program')}\n`,
  });
  reader.onInterrupt = () => session.interrupt();
  try {
    while (!session.left) {
      const typed = await readInput(reader, screen, history);
      if (typed.kind === 'nothing') continue;
      if (typed.kind === 'end') session.leave();
      else await respond(session, typed, environment);
      screen.gap();
    }
  } finally {
    reader.close();
  }
  return ExitCode.ok;
}

/** The history between runs. A problem with its file is reported once; the file is then left alone. */
class KeptHistory {
  readonly entries: readonly string[];
  private readonly file: HistoryFile;
  private usable = true;

  constructor(
    path: string,
    private readonly screen: Screen,
  ) {
    this.file = new HistoryFile(path);
    this.entries = this.attempt(() => this.file.read()) ?? [];
  }

  add(line: string): void {
    if (line.trim() !== '') this.attempt(() => this.file.add(line));
  }

  private attempt<Result>(action: () => Result): Result | undefined {
    if (!this.usable) return undefined;
    try {
      return action();
    } catch (thrown) {
      this.usable = false;
      this.screen.note(`input is not saved: ${sentenceOf(thrown)}`);
      return undefined;
    }
  }
}

interface Typed {
  readonly kind: 'message' | 'command';
  readonly text: string;
}

type Input = Typed | { readonly kind: 'nothing' } | { readonly kind: 'end' };

const nothing = { kind: 'nothing' } as const;
const end = { kind: 'end' } as const;

const quotes = '"""';

/** A line, or the lines between two `"""`, which are always a message. */
async function readInput(reader: LineReader, screen: Screen, history: KeptHistory | null): Promise<Input> {
  const first = await reader.ask({ prompt: screen.prompt, completes: true });
  if (first.kind !== 'line') return first.kind === 'end' ? end : nothing;
  history?.add(first.text);
  const line = first.text.trim();
  if (!line.startsWith(quotes)) {
    if (line === '') return nothing;
    return { kind: line.startsWith('/') ? 'command' : 'message', text: line };
  }
  const lines: string[] = [];
  let next = line.slice(quotes.length);
  while (!next.trimEnd().endsWith(quotes)) {
    lines.push(next);
    const answer = await reader.ask({ prompt: screen.continuation, completes: false });
    if (answer.kind !== 'line') return answer.kind === 'end' ? end : nothing;
    history?.add(answer.text);
    next = answer.text;
  }
  lines.push(next.trimEnd().slice(0, -quotes.length));
  const text = lines.join('\n').trim();
  return text === '' ? nothing : { kind: 'message', text };
}

/** Answers a message or runs a command; reports an error in one sentence. */
async function respond(session: Session, typed: Typed, environment: NodeJS.ProcessEnv): Promise<void> {
  try {
    await (typed.kind === 'message' ? session.say(typed.text) : runCommand(session, typed.text));
  } catch (thrown) {
    session.screen.error(sentenceOf(thrown));
    if (environment.CHATBOT_TRAIN_DEBUG === '1' && thrown instanceof Error)
      session.screen.text(String(thrown.stack));
  }
}
