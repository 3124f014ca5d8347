// The conversations of a service: what was said before is found by its id, the bot is asked, and what was said is kept. One
// conversation answers one message at a time; different ones run at once. It does not know HTTP.

import { randomInt, randomUUID } from 'node:crypto';
import type { Answer, Bot, Said } from '../bots/bot.js';
import type { Store } from '../bots/store/store.js';
import { tidyText } from '../corpus/tidy-text.js';
import { UserError } from '../errors.js';
import { CallQueue } from '../generate/call-queue.js';
import type { GenerationSettings } from '../generate/settings.js';
import { quoted } from '../quote.js';
import { Random } from '../random.js';
import type { ChatResponse, Feedback } from './chat-protocol.js';

export interface Message {
  readonly text: string;
  readonly user: string | null;
  /** Null: a new one begins. */
  readonly conversation: string | null;
  /** The reply that this message's takes the place of. */
  readonly replaces: string | null;
}

/** A reply that feedback can still be given for. */
interface Given {
  readonly conversation: string;
  readonly user: string | null;
  readonly message: string;
  readonly previous: string | null;
  readonly said: Said | null;
  /** Texts that were said before in its place. */
  readonly rejected: readonly string[];
  rating: Feedback['rating'] | null;
}

/** Turns that the bot reads. */
const mostTurns = 40;
/** Replies that feedback can be given for. */
const mostGiven = 100_000;

export interface TalkOptions {
  readonly settings: GenerationSettings;
  readonly learning: 'queue' | 'off';
  /** Told what each reply comes from: `rules`, `retrieval`, `model`, ... */
  readonly onReply?: (source: string) => void;
}

export class Talks {
  private readonly given = new Map<string, Given>();
  private readonly busy = new Map<string, { readonly queue: CallQueue; waiting: number }>();

  /** @param name of the model or bot that answers. */
  constructor(
    readonly name: string,
    private readonly bot: Bot,
    private readonly store: Store,
    private readonly options: TalkOptions,
  ) {}

  /**
   * @param begun told the ids before the first piece. @param show takes the pieces of the reply.
   * @throws UserError (conversation-unknown), (reply-unknown), (prompt-empty), and what the bot throws; nothing is kept then.
   */
  async reply(
    message: Message,
    signal: AbortSignal,
    begun: (ids: Pick<ChatResponse, 'id' | 'conversation'>) => void = () => {},
    show: (piece: string) => void = () => {},
  ): Promise<ChatResponse> {
    const text = tidyText(message.text);
    if (text === '') throw new UserError('prompt-empty', 'the message is empty; send some text');
    const { user } = message;
    if (message.conversation !== null) {
      const known = message.conversation;
      return this.alone(known, () => this.answer({ ...message, text }, known, signal, begun, show));
    }
    const fresh = await this.store.begin(user);
    try {
      return await this.answer({ ...message, text }, fresh, signal, begun, show);
    } catch (thrown) {
      await this.store.deleteConversation(fresh).catch(() => {});
      throw thrown;
    }
  }

  /**
   * Answers a conversation that the client keeps itself. Nothing of it is stored.
   * @param settings in the place of the service's own. @param show takes the pieces of the reply.
   * @throws what the bot throws.
   */
  async once(
    turns: readonly string[],
    user: string | null,
    settings: Partial<GenerationSettings>,
    signal: AbortSignal,
    show: (piece: string) => void,
  ): Promise<Said | null> {
    const seed = settings.seed ?? randomInt(2 ** 32);
    const question = { turns, user, conversation: null, timeZone: null, signal };
    const answer = await this.bot.answer(
      { ...question, settings: { ...this.options.settings, ...settings, seed } },
      show,
    );
    return this.counted(answer);
  }

  private counted(answer: Answer): Said | null {
    const one = answer.kind === 'said' ? answer : null;
    this.options.onReply?.((one?.source ?? 'none').replace(/:.*/s, ''));
    return one;
  }

  /** @throws UserError (reply-unknown). */
  async feedback({ id, rating, better_reply: better }: Feedback): Promise<void> {
    const given = this.given.get(id);
    if (!given) throw unknownReply(id);
    const { said, user } = given;
    const vote = voteOf(rating);
    if (vote !== null && rating !== given.rating) {
      if (said !== null && said.replyId !== null) await this.store.vote(said.replyId, vote, user);
      if (vote === 'down') await this.submit(given, 'disliked', null);
    }
    given.rating = rating;
    if (better !== undefined && better.trim() !== '') await this.submit(given, 'corrected', better.trim());
  }

  private async answer(
    { text, user, replaces }: Message,
    conversation: string,
    signal: AbortSignal,
    begun: (ids: Pick<ChatResponse, 'id' | 'conversation'>) => void,
    show: (piece: string) => void,
  ): Promise<ChatResponse> {
    const kept = await this.store.conversation(conversation, mostTurns);
    // Nobody learns whether another user's conversation exists.
    if (kept === null || kept.user !== user)
      throw new UserError(
        'conversation-unknown',
        `there is no conversation ${quoted(conversation)} of this user; leave it out to begin a new one`,
      );
    const old = replaces === null ? null : this.replaced(replaces, conversation);
    const before = old === null ? kept.turns : kept.turns.slice(0, -2);
    const earlier = before.map((turn) => turn.text).filter((turn) => turn !== '');
    const turns = [...earlier.slice(earlier.length % 2), text];
    const rejected = old?.message === text && old.said ? [...old.rejected, old.said.text] : [];
    const id = randomUUID();
    const ids = { id, conversation };
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) begun(ids);
      hasBegun = true;
    };
    const { settings } = this.options;
    const seed = new Random(settings.seed, ...randomParts(id)).next();
    const answer = await this.bot.answer(
      {
        ...{ turns, user, conversation, timeZone: null, settings: { ...settings, seed }, signal },
        ...(rejected.length > 0 && { rejected }),
      },
      (piece) => {
        begin();
        show(piece);
      },
    );
    const one = this.counted(answer);
    begin();
    const time = Date.now();
    const given = {
      conversation,
      user,
      message: text,
      previous: turns.at(-2) ?? null,
      said: one,
      rejected,
      rating: null,
    };
    this.remember(id, given);
    if (replaces !== null) this.given.delete(replaces);
    const spoken = [
      { speaker: 'user', text, source: null, score: null, time },
      { speaker: 'bot', text: one?.text ?? '', time, source: one?.source ?? null, score: one?.score ?? null },
    ] as const;
    await this.store.say(conversation, spoken, old === null ? 0 : 2);
    if (one === null || one.source === 'fallback') await this.submit(given, 'unanswered', null);
    return { response: one?.text ?? '', ...ids, source: one?.source ?? 'none', model: this.name };
  }

  private replaced(id: string, conversation: string): Given {
    const old = this.given.get(id);
    if (old?.conversation !== conversation) throw unknownReply(id);
    return old;
  }

  private remember(id: string, given: Given): void {
    this.given.set(id, given);
    if (this.given.size <= mostGiven) return;
    for (const oldest of this.given.keys()) {
      this.given.delete(oldest);
      break;
    }
  }

  private async submit(
    given: Given,
    reason: 'unanswered' | 'disliked' | 'corrected',
    proposed: string | null,
  ) {
    if (this.options.learning === 'off') return;
    const { message, previous, user, said } = given;
    const text = said !== null && said.source !== 'fallback' ? said.text : null;
    await this.store.submit({
      question: message,
      previous,
      reason,
      said: text,
      proposed,
      time: Date.now(),
      user,
    });
  }

  /** After those that came before for the same conversation. */
  private async alone<Result>(conversation: string, work: () => Promise<Result>): Promise<Result> {
    const busy = this.busy.get(conversation) ?? { queue: new CallQueue(), waiting: 0 };
    this.busy.set(conversation, busy);
    busy.waiting++;
    try {
      return await busy.queue.run(work);
    } finally {
      if (--busy.waiting === 0) this.busy.delete(conversation);
    }
  }
}

function voteOf(rating: Feedback['rating']): 'up' | 'down' | null {
  if (typeof rating === 'string') return rating;
  return rating >= 4 ? 'up' : rating <= 2 ? 'down' : null;
}

function unknownReply(id: string): UserError {
  return new UserError('reply-unknown', `there is no reply ${quoted(id)}, or it is too old`);
}

/** The random bits of an id as numbers. */
function randomParts(id: string): number[] {
  return (id.replaceAll('-', '').match(/.{8}/g) ?? []).map((part) => Number.parseInt(part, 16));
}
