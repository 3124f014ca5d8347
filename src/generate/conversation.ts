// A conversation with a model: its turns, and the settings of the next reply. It does not know terminals and files.
//
// The model remembers what the user has seen. An interrupted reply keeps the part that was shown; if nothing was shown, its
// message is removed as well. An error leaves the conversation unchanged.

import { Random } from '../random.js';
import type { Reply, ReplyWatcher } from './reply.js';
import type { GenerationSettings } from './settings.js';

/** The part of a ChatModel that a conversation needs. */
export interface Speaker {
  reply(
    turns: readonly string[],
    settings: GenerationSettings,
    watcher: ReplyWatcher,
    candidates: number,
  ): Promise<Reply>;
}

/** A message and its answer. */
export interface Exchange {
  readonly message: string;
  /** Null when a loaded conversation ends with a question. */
  readonly answer: string | null;
  /** How the answer was generated; null when it was loaded. */
  readonly reply: Reply | null;
  /** How often the message was answered. This selects the random numbers of the next answer. */
  readonly attempts: number;
}

export class Conversation {
  private said: readonly Exchange[] = [];

  /** @param candidates the number of replies to choose each answer from. */
  constructor(
    private readonly speaker: Speaker,
    public settings: GenerationSettings,
    public candidates = 1,
  ) {}

  get exchanges(): readonly Exchange[] {
    return this.said;
  }

  /** The turns that the model reads, oldest first. An empty answer is not a turn, as in a corpus. */
  get turns(): readonly string[] {
    return turnsOf(this.said);
  }

  /** How the last answer was generated; null when there is none, or it was loaded. */
  get lastReply(): Reply | null {
    return this.said.at(-1)?.reply ?? null;
  }

  /** @param message not empty. @throws what the model throws; the conversation then stays unchanged. */
  say(message: string, watcher: ReplyWatcher): Promise<Reply> {
    return this.answer(this.said, { message, answer: null, reply: null, attempts: 0 }, watcher);
  }

  /**
   * Answers the last message again, with other random numbers. When nothing is random and no setting has changed, the answer
   * is the same.
   * @throws RangeError when the conversation is empty; else like `say`.
   */
  async retry(watcher: ReplyWatcher): Promise<Reply> {
    const last = this.said.at(-1);
    if (last === undefined) throw new RangeError('the conversation is empty');
    return this.answer(this.said.slice(0, -1), last, watcher);
  }

  /** Removes the last exchange. @returns it, or undefined when the conversation is empty. */
  undo(): Exchange | undefined {
    const last = this.said.at(-1);
    this.said = this.said.slice(0, -1);
    return last;
  }

  reset(): void {
    this.said = [];
  }

  /** Replaces the conversation. @param turns the user's and the model's turns alternately, none empty. */
  load(turns: readonly string[]): void {
    this.said = turns.flatMap((message, index) =>
      index % 2 === 0 ? [{ message, answer: turns[index + 1] ?? null, reply: null, attempts: 1 }] : [],
    );
  }

  private async answer(
    before: readonly Exchange[],
    exchange: Exchange,
    watcher: ReplyWatcher,
  ): Promise<Reply> {
    const { message, attempts } = exchange;
    const turns = [...turnsOf(before), message];
    const seed = new Random(this.settings.seed, turns.length, attempts).next();
    const reply = await this.speaker.reply(turns, { ...this.settings, seed }, watcher, this.candidates);
    const kept = reply.finishReason !== 'interrupted' || reply.text !== '';
    if (kept) this.said = [...before, { message, answer: reply.text, reply, attempts: attempts + 1 }];
    return reply;
  }
}

function turnsOf(exchanges: readonly Exchange[]): string[] {
  return exchanges.flatMap(({ message, answer }) => [message, answer ?? '']).filter((turn) => turn !== '');
}
