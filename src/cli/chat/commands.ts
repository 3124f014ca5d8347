// The slash commands, in the order of `/help`. `/help`, completion and dispatch derive from this table.

import { join } from 'node:path';
import type { BotSpeaker } from '../../bots/bot-speaker.js';
import { UserError } from '../../errors.js';
import { homeFolder } from '../../files/user-folders.js';
import { oneLine, quoted } from '../../quote.js';
import { nearest } from '../../suggest.js';
import { nearText, visitText } from '../answer-text.js';
import { rate } from './rating.js';
import type { Session } from './session.js';
import { settingHelp, settingNamed } from './settings.js';
import { showCandidates, showHistory, showModel, showSettings, showStatistics } from './show.js';
import { addDialogue, lastDialogue } from './transcript.js';

/** What completion offers after a command's name. */
export type Completes = 'setting' | 'file' | readonly string[];

export interface ChatCommand {
  /** The arguments, for `/help`; empty if there are none. */
  readonly takes: string;
  readonly help: string;
  readonly completes?: Completes;
  /**
   * @param rest the text after the name, trimmed.
   * @throws UserError when it cannot be done; nothing has changed then.
   */
  run(session: Session, rest: string): void | Promise<void>;
}

export const commands: Readonly<Record<string, ChatCommand>> = {
  help: { takes: '', help: 'Show this list.', run: ({ screen }) => screen.text(helpText()) },
  reset: {
    takes: '',
    help: 'Forget the conversation and start a new one.',
    run: ({ conversation, screen }) => {
      conversation.reset();
      screen.note('conversation forgotten');
    },
  },
  undo: { takes: '', help: 'Take back the last message and its reply.', run: undo },
  retry: {
    takes: '',
    help: 'Generate another reply to the last message.',
    run: (session) => session.retry(),
  },
  set: {
    takes: '[name value]',
    help: 'Change a setting (the value "default" resets it), or list all settings.',
    completes: 'setting',
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
    help: 'Append the conversation to a file that chatbot-train --data reads.',
    completes: 'file',
    run: save,
  },
  load: {
    takes: 'file',
    help: 'Continue the last conversation of a file that chatbot-train reads.',
    completes: 'file',
    run: load,
  },
  candidates: {
    takes: '',
    help: 'Show all candidates of the last reply.',
    run: showCandidates,
  },
  stats: {
    takes: '',
    help: 'Show the speed of the last reply, and the room left in the context.',
    run: showStatistics,
  },
  why: {
    takes: '',
    help: 'Show where the last reply comes from, and what else was close.',
    run: why,
  },
  facts: { takes: '', help: 'List what the bot remembers about you.', run: facts },
  forget: {
    takes: '[fact]',
    help: 'Forget a fact about you, or all of them.',
    run: forget,
  },
  correct: {
    takes: 'text',
    help: 'Propose a better answer to your last message; it waits for a review.',
    run: correct,
  },
  good: {
    takes: '',
    help: 'Rate the last reply as good, and keep it for training.',
    run: (session) => rate(session, 'good'),
  },
  bad: {
    takes: '',
    help: 'Rate the last reply as bad, so that it is not trained on.',
    run: (session) => rate(session, 'bad'),
  },
  exit: { takes: '', help: 'End the program, as Ctrl+D does.', run: (session) => session.leave() },
};

/**
 * Runs a command.
 * @param line begins with a slash.
 * @throws UserError for an unknown command, and whatever the command throws.
 */
export async function runCommand(session: Session, line: string): Promise<void> {
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line.trim()) ?? [];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands);
    const begun = name === '' ? undefined : known.find((word) => word.startsWith(name));
    const near = begun ?? nearest(name.slice(0, 40), known);
    const hint = near === undefined ? '/help lists the commands' : `did you mean /${near}?`;
    throw new UserError('chat-command-invalid', `/${oneLine(name, 40)} is not a command; ${hint}`);
  }
  if (command.takes === '' && rest !== '')
    throw new UserError('chat-command-invalid', `/${name} takes no argument, but got ${quoted(rest, 40)}`);
  await command.run(session, rest);
}

function why({ bot, screen }: Session): void {
  const { last } = bot;
  if (last === null) throw new UserError('nothing-said-yet', 'there is no reply yet; send a message first');
  screen.pairs([
    ...(last.kind === 'said' ? [['from', `${last.source}, score ${last.score.toFixed(2)}`] as const] : []),
    ['because', last.why],
    ...last.visits.map((visit) => ['asked', visitText(visit)] as const),
    ...last.near.map((near) => ['close', nearText(near)] as const),
  ]);
}

async function facts({ bot, screen }: Session): Promise<void> {
  const known = await bot.store.facts(userOf(bot), Date.now());
  if (known.length === 0) screen.note('nothing is remembered about you');
  screen.pairs(known.map(({ key, value }) => [key, value]));
}

async function forget({ bot, screen }: Session, key: string): Promise<void> {
  const forgotten = await bot.store.forget(userOf(bot), key === '' ? null : key);
  if (forgotten === 0 && key !== '')
    throw new UserError('chat-command-invalid', `no fact ${quoted(key, 40)} is known; /facts lists them`);
  screen.note(`${forgotten} ${forgotten === 1 ? 'fact' : 'facts'} forgotten`);
}

function userOf({ listener: { user } }: BotSpeaker): string {
  if (user !== null) return user;
  throw new UserError('chat-command-invalid', 'nothing is remembered without a name; start with --user');
}

async function correct({ bot, screen }: Session, text: string): Promise<void> {
  if (text === '') throw new UserError('chat-command-invalid', '/correct needs the better answer');
  if (!(await bot.correct(text)))
    throw new UserError('nothing-said-yet', 'there is no reply yet; send a message first');
  screen.note('thank you; chatbot-rules review decides on it');
}

function helpText(): string {
  const rows = Object.entries(commands).map(([name, { takes, help }]) => [`/${name} ${takes}`.trim(), help]);
  const more = [
    ['"""', 'Begin or end a message of several lines.'],
    ['Ctrl+C', 'Stop a reply, or clear the line.'],
    ['Ctrl+D', 'End the program.'],
  ];
  const all = [...rows, ...more];
  const width = Math.max(...all.map(([name = '']) => name.length));
  return all.map(([name = '', help = '']) => `${name.padEnd(width)}  ${help}`).join('\n');
}

function undo({ conversation, screen }: Session): void {
  const taken = conversation.undo();
  if (taken === undefined) throw new UserError('nothing-said-yet', 'there is no message to take back');
  screen.note(`taken back: ${oneLine(taken.message, 60)}`);
}

function set(session: Session, rest: string): void {
  const [, name = '', text = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  if (name === '') {
    showSettings(session);
    return;
  }
  const setting = settingNamed(name);
  if (text !== '') session.set(setting, text);
  session.screen.pairs(session.settings.lines.filter(([known]) => settingNamed(known) === setting));
  if (text === '') session.screen.note(settingHelp(setting));
}

function show(session: Session, what: string): void {
  const shows = { '': showSettings, history: showHistory, model: showModel };
  if (!isKeyOf(shows, what))
    throw new UserError(
      'chat-command-invalid',
      `/show does not know ${quoted(what, 40)}; use /show, /show history or /show model`,
    );
  shows[what](session);
}

function isKeyOf<Table extends object>(table: Table, word: PropertyKey): word is keyof Table {
  return Object.hasOwn(table, word);
}

function save({ conversation, screen }: Session, typed: string): void {
  const path = pathOf('/save', typed);
  const { turns } = conversation;
  if (turns.length < 2) throw new UserError('nothing-said-yet', 'there is no conversation to save yet');
  addDialogue(path, { turns });
  screen.note(`${turns.length} turns appended to ${oneLine(path)}`);
}

function load({ conversation, screen }: Session, typed: string): void {
  const dialogue = lastDialogue(pathOf('/load', typed));
  conversation.load(dialogue.turns);
  screen.note(`${dialogue.turns.length} turns from ${oneLine(dialogue.source)}`);
  if (dialogue.hadOpening) screen.note('(the opening of the assistant is left out: here you speak first)');
  if (dialogue.hadInstructions)
    screen.note('(system messages are left out: a conversation here has two speakers)');
  if (conversation.exchanges.at(-1)?.answer === null)
    screen.note('(the last turn has no reply yet; /retry generates one)');
}

/** There is no shell to expand `~`. */
function pathOf(command: string, typed: string): string {
  if (typed === '') throw new UserError('chat-command-invalid', `${command} needs a file name`);
  if (typed.includes('\0'))
    throw new UserError('chat-command-invalid', 'a file name cannot contain a NUL character');
  return /^~(?=\/|$)/.test(typed) ? join(homeFolder(process.env), typed.slice(1)) : typed;
}
