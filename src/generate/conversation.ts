// A conversation with a model: what was said, and what the next reply is made with. Knows nothing of terminals and files.
//
// What a person has seen is what the model remembers: a reply that was interrupted stays as far as it was shown, and one
// of which nothing was shown takes its message with it. Whatever throws leaves the conversation as it was.

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
  /** Null: a conversation that was loaded ends with a question. */
  readonly answer: string | null;
  /** How the answer came about; null where it was loaded. */
  readonly reply: Reply | null;
  /** How often the message was answered; decides which random numbers the next answer draws. */
  readonly attempts: number;
}

export class Conversation {
  private said: readonly Exchange[] = [];

  /** @param candidates replies to choose each one from. */
  constructor(
    private readonly speaker: Speaker,
    public settings: GenerationSettings,
    public candidates = 1,
  ) {}

  get exchanges(): readonly Exchange[] {
    return this.said;
  }

  /** What the model reads, the oldest first. An answer without words is no turn, as it is none in a corpus. */
  get turns(): readonly string[] {
    return turnsOf(this.said);
  }

  /** How the last answer came about; null where there is none, or it was loaded. */
  get lastReply(): Reply | null {
    return this.said.at(-1)?.reply ?? null;
  }

  /** @param message not empty. @throws what the model throws; the conversation is then as it was. */
  say(message: string, watcher: ReplyWatcher): Promise<Reply> {
    return this.answer(this.said, { message, answer: null, reply: null, attempts: 0 }, watcher);
  }

  /**
   * Answers the last message again, with other random numbers. Where nothing is random and no setting has changed, the
   * answer is the same again.
   * @throws RangeError when nothing was said; else as `say`.
   */
  async retry(watcher: ReplyWatcher): Promise<Reply> {
    const last = this.said.at(-1);
    if (last === undefined) throw new RangeError('the conversation is empty');
    return this.answer(this.said.slice(0, -1), last, watcher);
  }

  /** Takes the last exchange back. @returns it, or undefined when nothing was said. */
  undo(): Exchange | undefined {
    const last = this.said.at(-1);
    this.said = this.said.slice(0, -1);
    return last;
  }

  reset(): void {
    this.said = [];
  }

  /** Goes on from another conversation. @param turns in turn the person's and the model's, none of them empty. */
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
