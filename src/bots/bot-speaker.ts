// A bot as the partner of one conversation at a terminal: it asks the bot, and keeps in the store what was said. The store holds
// what the person has seen: an answer that replaces another one, and what is taken back, replace it there too.

import type { Speaker } from '../generate/conversation.js';
import type { Reply, ReplyWatcher } from '../generate/reply.js';
import type { GenerationSettings } from '../generate/settings.js';
import type { Answer, Bot } from './bot.js';
import type { NeuralBot } from './neural-bot.js';
import type { Store } from './store/store.js';

export interface Listener {
  /** Null: nobody that is known. */
  readonly user: string | null;
  readonly timeZone: string | null;
}

export interface SpeakerOptions {
  /** `off`: no question of this person waits for a review. */
  readonly learning: 'queue' | 'off';
}

/** How often the person is asked whether they want to stop, in milliseconds. */
const lookEvery = 20;

export class BotSpeaker implements Speaker {
  /** The answer to the last message; null before the first. */
  last: Answer | null = null;
  /** The last message and what was said before it. */
  private asked: readonly string[] = [];
  private conversation: string | null = null;
  /** The newest turns that the store holds of it, and how many were said before them. */
  private kept: readonly string[] = [];
  private before = 0;
  /** Answers to the last message that the person did not want. */
  private rejected: readonly string[] = [];

  constructor(
    private readonly bot: Bot,
    readonly store: Store,
    readonly listener: Listener,
    /** The model behind the bot, if there is one. */
    private readonly neural: NeuralBot | null = null,
    private readonly options: SpeakerOptions = { learning: 'queue' },
  ) {}

  /** The turns of the user's last conversation, which goes on. Empty if there is none. */
  async resume(most: number): Promise<readonly string[]> {
    const { user } = this.listener;
    const id = user === null ? null : await this.store.latest(user);
    if (id === null) return [];
    this.conversation = id;
    const turns = (await this.store.conversation(id, most))?.turns ?? [];
    const texts = turns.slice(turns[0]?.speaker === 'bot' ? 1 : 0).map(({ text }) => text);
    this.kept = texts;
    return texts;
  }

  async reply(
    turns: readonly string[],
    settings: GenerationSettings,
    watcher: ReplyWatcher,
    candidates: number,
  ): Promise<Reply> {
    if (this.neural) this.neural.candidates = candidates;
    const { user, timeZone } = this.listener;
    const isAgain = this.last !== null && sameTurns(turns, this.asked);
    this.rejected = isAgain && this.last?.kind === 'said' ? [...this.rejected, this.last.text] : [];
    const stays = this.stillSaid(turns.slice(0, -1));
    if (this.conversation === null || stays === null) await this.begin(turns.length - 1);
    const stop = new AbortController();
    const look = setInterval(() => {
      if (watcher.shouldStop()) stop.abort();
    }, lookEvery);
    const began = performance.now();
    try {
      const answer = await this.bot.answer(
        {
          ...{ turns, user, conversation: this.conversation, timeZone, settings, signal: stop.signal },
          ...(this.rejected.length > 0 && { rejected: this.rejected }),
        },
        watcher.text,
      );
      this.last = answer;
      this.asked = turns;
      const reply = replyOf(answer);
      if (reply.finishReason !== 'interrupted' || reply.text !== '')
        await this.keep(turns.at(-1) ?? '', answer, stays ?? 0);
      return reply;
    } catch (thrown) {
      if (!stop.signal.aborted) throw thrown;
      return { ...nothing, finishReason: 'interrupted', seconds: (performance.now() - began) / 1000 };
    } finally {
      clearInterval(look);
    }
  }

  /** Submits a better answer to the last message for review. @returns whether there is one to correct. */
  async correct(answer: string): Promise<boolean> {
    const { last, asked } = this;
    if (last === null) return false;
    await this.submit('corrected', asked, last, answer);
    return true;
  }

  /** Counts a vote on the last answer, if it is a stored one. A disliked answer waits for a review. */
  async vote(vote: 'up' | 'down'): Promise<void> {
    const { last, asked } = this;
    if (last?.kind !== 'said') return;
    if (last.replyId !== null) await this.store.vote(last.replyId, vote, this.listener.user);
    if (vote === 'down') await this.submit('disliked', asked, last, null);
  }

  private async begin(before: number): Promise<void> {
    this.kept = [];
    this.before = before;
    this.conversation = await this.store.begin(this.listener.user);
  }

  /**
   * How many of the kept turns a conversation still has, whose last ones may have been taken back; null if it is another one, as
   * after /reset or /load. @param said without empty turns.
   */
  private stillSaid(said: readonly string[]): number | null {
    if (said.length < this.before || (said.length === 0 && this.kept.length > 2)) return null;
    let [stays, next] = [0, this.before];
    while (stays < this.kept.length && (this.kept[stays] === '' || this.kept[stays] === said[next])) {
      if (this.kept[stays] !== '') next++;
      stays++;
    }
    return next === said.length ? stays : null;
  }

  /** @param stays how many of the kept turns are still said; these two follow them. */
  private async keep(message: string, answer: Answer, stays: number): Promise<void> {
    const time = Date.now();
    const said = answer.kind === 'said' ? answer : null;
    const text = said?.text ?? '';
    if (this.conversation !== null)
      await this.store.say(
        this.conversation,
        [
          { speaker: 'user', text: message, source: null, score: null, time },
          { speaker: 'bot', text, time, source: said?.source ?? null, score: said?.score ?? null },
        ],
        this.kept.length - stays,
      );
    this.kept = [...this.kept.slice(0, stays), message, text];
    if (said === null || said.source === 'fallback')
      await this.submit('unanswered', this.asked, answer, null);
  }

  private async submit(
    reason: 'unanswered' | 'corrected' | 'disliked',
    turns: readonly string[],
    answer: Answer,
    proposed: string | null,
  ): Promise<void> {
    if (this.options.learning === 'off') return;
    await this.store.submit({
      ...{ question: turns.at(-1) ?? '', previous: turns.at(-2) ?? null, reason, proposed },
      said: answer.kind === 'said' && answer.source !== 'fallback' ? answer.text : null,
      ...{ time: Date.now(), user: this.listener.user },
    });
  }
}

function sameTurns(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((turn, index) => turn === other[index]);
}

const nothing: Reply = {
  ...{ text: '', tokens: 0, promptTokens: 0, droppedTurns: 0, finishReason: 'stop', candidates: [] },
  ...{ seconds: 0, secondsToFirstToken: 0 },
};

function replyOf(answer: Answer): Reply {
  const seconds = answer.milliseconds / 1000;
  if (answer.kind === 'passed') return { ...nothing, seconds, secondsToFirstToken: seconds };
  const { text, source, score, generated } = answer;
  const from = { source, score };
  return { ...nothing, seconds, secondsToFirstToken: seconds, ...generated, text, from };
}
