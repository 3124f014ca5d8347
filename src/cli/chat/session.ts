// The state that slash commands act on, and how a reply is shown. Knows nothing of how lines are read.

import type { BotSpeaker } from '../../bots/bot-speaker.js';
import type { ChatOptions } from '../../config/chat-options.js';
import { candidateCount, generationSettings } from '../../config/chat-settings.js';
import { messageOf, UserError } from '../../errors.js';
import type { Conversation } from '../../generate/conversation.js';
import type { Reply, ReplyWatcher } from '../../generate/reply.js';
import type { OpenedChat } from '../../library/open-chat.js';
import { flagMessageOf } from '../flag-names.js';
import type { Screen } from './screen.js';
import type { ChatSettings, Setting } from './settings.js';

export interface ChatPartner {
  readonly chat: OpenedChat | null;
  readonly bot: BotSpeaker | null;
}

export class Session {
  /** Whether the person wants to end the conversation. */
  left = false;
  private stopRequested = false;

  /**
   * @param partner a model, a bot that answers from rules and what it learned, or both.
   * @param feedbackFile where `/good` and `/bad` write.
   */
  constructor(
    readonly conversation: Conversation,
    readonly settings: ChatSettings,
    readonly partner: ChatPartner,
    readonly screen: Screen,
    readonly feedbackFile: string,
  ) {}

  /** @throws UserError when no model takes part. */
  get chat(): OpenedChat {
    if (this.partner.chat) return this.partner.chat;
    throw new UserError('chat-command-invalid', 'no model takes part: the bot answers from what it knows');
  }

  /** @throws UserError when a model answers alone. */
  get bot(): BotSpeaker {
    if (this.partner.bot) return this.partner.bot;
    throw new UserError('chat-command-invalid', 'the model answers alone; start with --rules to name a bot');
  }

  leave(): void {
    this.left = true;
  }

  /** Stops the reply in progress. */
  interrupt(): void {
    this.stopRequested = true;
  }

  /** Changes a setting for the next reply. @throws UserError as ChatSettings.set. */
  set(setting: Setting, text: string): void {
    const notes = this.settings.set(setting, text, (options) => this.refuseTooMany(options));
    const { options } = this.settings;
    this.conversation.settings = generationSettings(options);
    this.conversation.candidates = candidateCount(options);
    for (const note of notes) this.screen.note(note);
  }

  async say(message: string): Promise<void> {
    await this.answer((watcher) => this.conversation.say(message, watcher));
  }

  /** Generates another reply to the last message. */
  async retry(): Promise<void> {
    const before = this.conversation.exchanges.at(-1);
    if (before === undefined) throw new UserError('nothing-said-yet', 'there is no message to answer again');
    const reply = await this.answer((watcher) => this.conversation.retry(watcher));
    if (reply.finishReason !== 'interrupted' && reply.text === before.answer)
      this.screen.note(this.whyTheSame());
  }

  /** Shows a reply while it grows, and notes on it afterwards. */
  private async answer(make: (watcher: ReplyWatcher) => Promise<Reply>): Promise<Reply> {
    const dropped = this.conversation.lastReply?.droppedTurns ?? 0;
    this.stopRequested = false;
    try {
      const reply = await make({
        text: (piece) => this.screen.piece(piece),
        shouldStop: () => this.stopRequested,
      });
      this.screen.endReply();
      for (const note of this.notesOn(reply, dropped)) this.screen.note(note);
      return reply;
    } finally {
      this.screen.endReply();
    }
  }

  /** @param dropped turns that had already left the context. */
  private notesOn(reply: Reply, dropped: number): string[] {
    const contextLength = this.partner.chat?.model.contextLength ?? 0;
    const notes: string[] = [];
    if (reply.finishReason === 'interrupted')
      notes.push(
        reply.text === '' ? '(stopped before the first word; your message is removed)' : '(stopped)',
      );
    else if (reply.text.trim() === '') notes.push('(empty reply)');
    if (reply.finishReason === 'length')
      notes.push(
        reply.promptTokens + reply.tokens >= contextLength
          ? `(cut: the context of ${contextLength} tokens is full)`
          : `(cut after ${reply.tokens} tokens; /set max-new-tokens allows more)`,
      );
    if (reply.droppedTurns > dropped)
      notes.push(
        `(the context of ${contextLength} tokens is full: the oldest ${
          reply.droppedTurns === 1 ? 'turn is' : `${reply.droppedTurns} turns are`
        } no longer part of it)`,
      );
    return notes;
  }

  private whyTheSame(): string {
    if (this.partner.bot) return '(the same reply: the bot knows no other)';
    const { doSample, numBeams } = this.conversation.settings;
    if (numBeams > 1) return '(the same reply: beam search is deterministic; /set num-beams 1 samples)';
    return doSample
      ? '(the same reply; a higher temperature gives more variety)'
      : '(the same reply: greedy decoding is deterministic; /set greedy false samples)';
  }

  private refuseTooMany(options: ChatOptions): void {
    const { sequences } = this.chat;
    for (const [flag, wanted] of [
      ['--candidates', candidateCount(options)],
      ['--num-beams', options.numBeams],
    ] as const)
      if (wanted > sequences)
        throw new UserError(
          'chat-command-invalid',
          `${flag} is ${wanted} in /set, but memory is reserved for ${sequences}; start again with ${flag} ${wanted}`,
        );
  }
}

/** An error in one sentence; a bug of ours is named as one. */
export function sentenceOf(thrown: unknown): string {
  if (thrown instanceof UserError) return flagMessageOf(thrown);
  return `${messageOf(thrown).split('\n')[0]} (this is a bug in chatbot-chat; CHATBOT_TRAIN_DEBUG=1 prints the stack trace)`;
}
