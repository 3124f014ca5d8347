// The commands of a conversation, in the order of `/help`. `/help`, completion and dispatch derive from this table.

import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { homeFolder } from '../../files/user-folders.js';
import { oneLine, quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { parameterHelp, parameterNamed } from './parameters.js';
import { rate } from './rating.js';
import type { Session } from './session.js';
import { showCandidates, showHistory, showModel, showParameters, showStatistics } from './show.js';
import { addDialogue, lastDialogue } from './transcript.js';

/** What can be typed after a command's name. */
export type Completes = 'parameter' | 'file' | readonly string[];

export interface ChatCommand {
  /** What follows the name, for `/help`; empty where nothing may. */
  readonly takes: string;
  readonly help: string;
  readonly completes?: Completes;
  /**
   * @param rest what follows the name, without white space around it.
   * @throws UserError for what cannot be done; nothing has changed then.
   */
  run(session: Session, rest: string): void | Promise<void>;
}

export const commands: Readonly<Record<string, ChatCommand>> = {
  help: { takes: '', help: 'Show this list.', run: ({ screen }) => screen.text(helpText()) },
  reset: {
    takes: '',
    help: 'Forget the conversation and start anew.',
    run: ({ conversation, screen }) => {
      conversation.reset();
      screen.note('forgotten; a new conversation begins');
    },
  },
  undo: { takes: '', help: 'Take back the last message and its reply.', run: undo },
  retry: { takes: '', help: 'Answer the last message again.', run: (session) => session.retry() },
  set: {
    takes: '[name value]',
    help: 'Change how replies are made (default takes a change back), or list what can be changed.',
    completes: 'parameter',
    run: set,
  },
  show: {
    takes: '[history|model]',
    help: 'Show the settings, the conversation or the model.',
    completes: ['history', 'model'],
    run: show,
  },
  save: {
    takes: 'file',
    help: 'Add the conversation to a file that chatbot-train --data reads.',
    completes: 'file',
    run: save,
  },
  load: {
    takes: 'file',
    help: 'Go on from the last conversation in a file that chatbot-train reads.',
    completes: 'file',
    run: load,
  },
  candidates: {
    takes: '',
    help: 'Show what the last reply was chosen from.',
    run: showCandidates,
  },
  stats: { takes: '', help: 'Show how long the last reply took, and the room left.', run: showStatistics },
  good: { takes: '', help: 'Keep the last reply as a good one.', run: (session) => rate(session, 'good') },
  bad: { takes: '', help: 'Keep the last reply as a bad one.', run: (session) => rate(session, 'bad') },
  exit: { takes: '', help: 'Leave, as Ctrl+D does.', run: (session) => session.leave() },
};

/**
 * Runs what was typed.
 * @param line begins with a slash.
 * @throws UserError for an unknown command, and what commands throw.
 */
export async function runCommand(session: Session, line: string): Promise<void> {
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands);
    const begun = name === '' ? undefined : known.find((word) => word.startsWith(name));
    const near = begun ?? nearest(name.slice(0, 40), known);
    const hint = near === undefined ? '/help lists the commands' : `did you mean /${near}?`;
    throw new UserError('chat-command-invalid', `/${oneLine(name, 40)} is no command; ${hint}`);
  }
  if (command.takes === '' && rest !== '')
    throw new UserError('chat-command-invalid', `/${name} stands alone, without ${quoted(rest, 40)}`);
  await command.run(session, rest);
}

function helpText(): string {
  const rows = Object.entries(commands).map(([name, { takes, help }]) => [`/${name} ${takes}`.trim(), help]);
  const more = [
    ['"""', 'Begin or end a message of several lines.'],
    ['Ctrl+C', 'Stop a reply, or clear the line.'],
    ['Ctrl+D', 'Leave.'],
  ];
  const all = [...rows, ...more];
  const width = Math.max(...all.map(([name = '']) => name.length));
  return all.map(([name = '', help = '']) => `${name.padEnd(width)}  ${help}`).join('\n');
}

function undo({ conversation, screen }: Session): void {
  const taken = conversation.undo();
  if (taken === undefined)
    throw new UserError('nothing-said-yet', 'nothing was said yet that could be taken back');
  screen.note(`taken back: ${oneLine(taken.message, 60)}`);
}

function set(session: Session, rest: string): void {
  const [, name = '', text = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  if (name === '') {
    showParameters(session);
    return;
  }
  const parameter = parameterNamed(name);
  if (text !== '') session.set(parameter, text);
  session.screen.pairs(session.parameters.lines.filter(([known]) => parameterNamed(known) === parameter));
  if (text === '') session.screen.note(parameterHelp(parameter));
}

function show(session: Session, what: string): void {
  const shows = { '': showParameters, history: showHistory, model: showModel };
  if (!isKeyOf(shows, what))
    throw new UserError(
      'chat-command-invalid',
      `/show ${oneLine(what, 40)} is not known; /show history and /show model are`,
    );
  shows[what](session);
}

function isKeyOf<Table extends object>(table: Table, word: PropertyKey): word is keyof Table {
  return Object.hasOwn(table, word);
}

function save({ conversation, screen }: Session, typed: string): void {
  const path = pathOf('/save', typed);
  const { turns } = conversation;
  if (turns.length < 2) throw new UserError('nothing-said-yet', 'there is no conversation yet to be saved');
  addDialogue(path, { turns });
  screen.note(`${turns.length} turns added to ${oneLine(path)}`);
}

function load({ conversation, screen }: Session, typed: string): void {
  const dialogue = lastDialogue(pathOf('/load', typed));
  conversation.load(dialogue.turns);
  screen.note(`${dialogue.turns.length} turns from ${oneLine(dialogue.source)}`);
  if (dialogue.hadInstructions)
    screen.note('(without its instructions: a conversation here has two speakers)');
  if (conversation.exchanges.at(-1)?.answer === null)
    screen.note('(the last one has no answer yet: /retry answers it)');
}

/** No shell stands between, so the home folder's `~` is for us to know. */
function pathOf(command: string, typed: string): string {
  if (typed === '') throw new UserError('chat-command-invalid', `${command} needs the name of a file`);
  if (typed.includes('\0')) throw new UserError('chat-command-invalid', 'a file name has no NUL in it');
  return /^~(?=\/|$)/.test(typed) ? join(homeFolder(process.env), typed.slice(1)) : typed;
}
