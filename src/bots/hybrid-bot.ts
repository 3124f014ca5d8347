// Asks several bots in order: rules, what is remembered about the user, stored answers, the neural model, and at last a text
// that says that the answer is not known. Thresholds apply to the final candidate. Two bots' scores are never compared.

import { performance } from 'node:perf_hooks';
import { messageOf, UserError } from '../errors.js';
import type { AnswerSettings } from './answer-settings.js';
import { chooseAnswer } from './answer-text.js';
import { type Blocked, GuardedReply } from './blocked-words.js';
import type { Answer, Bot, Near, Question, Said, Visit } from './bot.js';
import { languageOfTurns } from './language.js';
import { notKnown } from './not-known.js';

/** A neural model among other bots. Its score is e to the mean log-likelihood of what it says. */
export interface Model extends Bot {
  /**
   * How well a text answers, in nats: the mean log-likelihood of its tokens.
   * @param turns the last one is answered.
   */
  logLikelihood(turns: readonly string[], text: string): Promise<number>;
}

export interface HybridParts {
  readonly memory: (Bot & { listen(question: Question): Promise<void> }) | null;
  readonly rules: Bot | null;
  readonly retrieval: Bot | null;
  readonly model: Model | null;
}

export interface HybridSettings {
  readonly answers: AnswerSettings;
  /** `never`: stored answers are not given. `only`: the model is not asked. */
  readonly retrieval: 'first' | 'never' | 'only';
  /** In nats per token: the model must prefer its own reply to a stored answer by this much. */
  readonly margin: number;
  /** What the bot does not talk about. */
  readonly blocked?: Blocked | null;
  /** Where a bot was kept from answering and no other knows better, its error is thrown; else that text says that nothing is known. */
  readonly isStrict?: boolean;
}

export const defaultMargin = 0.5;

export class HybridBot implements Bot {
  readonly name = 'hybrid';

  constructor(
    private readonly parts: HybridParts,
    private readonly settings: HybridSettings,
  ) {}

  async answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    const began = performance.now();
    const asking = new Asking(question, show);
    const said = await this.found(asking);
    if (this.settings.isStrict && said.source === 'fallback' && asking.failure) throw asking.failure;
    asking.showRest(said.text);
    return { ...said, near: asking.near, visits: asking.visits, milliseconds: performance.now() - began };
  }

  async close(): Promise<void> {
    const { memory, rules, retrieval, model } = this.parts;
    for (const bot of [memory, rules, retrieval, model]) await bot?.close();
  }

  private async found(asking: Asking): Promise<Said> {
    const { memory, rules, retrieval, model } = this.parts;
    const { answers } = this.settings;
    // A question that is stopped leaves no trace.
    asking.question.signal.throwIfAborted();
    const { blocked } = this.settings;
    // No facts are taken from such a message.
    if (blocked?.words.isIn(asking.question.turns.at(-1) ?? '')) return refused(asking.question, blocked);
    await memory?.listen(asking.question);
    const sure = (await asking.ask(rules)) ?? (await asking.ask(memory));
    if (sure) return sure;
    const stored = this.settings.retrieval === 'never' ? null : await asking.ask(retrieval);
    if (stored && stored.score >= answers.certainFrom) return stored;
    if (this.settings.retrieval === 'only' || model === null) return stored ?? this.notKnown(asking);
    if (!stored) return (await this.reply(asking, model)) ?? this.notKnown(asking);
    // Without the stored pair, which would make the model repeat it.
    const own = await this.guarded(asking, model, asking.question, () => {});
    return own && (await this.prefers(asking, model, own, stored)) ? own : stored;
  }

  /** Where nothing better is known than what was rejected, that is said again. */
  private async notKnown(asking: Asking): Promise<Said> {
    const { question, near } = asking;
    const isRejected = (question.rejected ?? []).length > 0 && this.settings.retrieval !== 'never';
    const again = isRejected ? await asking.ask(this.parts.retrieval, { ...question, rejected: [] }) : null;
    return again ?? notKnown(question, near, this.settings.answers);
  }

  /** The model's reply, with the closest known pair before the conversation. No other bot is asked after it, so it is shown. */
  private async reply(asking: Asking, model: Model): Promise<Said | null> {
    const [near] = asking.near;
    const { turns } = asking.question;
    const isOdd = turns.length % 2 === 1;
    const told = near === undefined || !isOdd ? turns : [near.question, near.answer, ...turns];
    return this.guarded(asking, model, { ...asking.question, turns: told }, asking.show);
  }

  /** The model's reply, if it has no blocked word; or its beginning, if that was shown before there was one. */
  private async guarded(
    asking: Asking,
    model: Model,
    question: Question,
    show: (piece: string) => void,
  ): Promise<Said | null> {
    const { blocked } = this.settings;
    if (!blocked) return asking.ask(model, question, show);
    const guard = new GuardedReply(blocked.words, show);
    const said = await asking.ask(model, question, guard.push);
    const text = said && guard.end(said.text);
    if (said === null || text === said.text) return said;
    asking.note(model, 'its reply has a blocked word');
    if (text === null) return null;
    // What was not said must not be told by other ways.
    const generated = said.generated && {
      ...said.generated,
      text,
      finishReason: 'length' as const,
      candidates: [],
    };
    return { ...said, text, generated };
  }

  private async prefers(asking: Asking, model: Model, own: Said, stored: Said): Promise<boolean> {
    const { turns } = asking.question;
    try {
      // A model's score is e to the mean log-likelihood of its reply.
      const ofOwn = Math.log(own.score);
      const ofStored = await model.logLikelihood(turns, stored.text);
      const isPreferred = ofOwn - ofStored > this.settings.margin;
      asking.note(
        model,
        `${isPreferred ? 'it prefers its own reply' : 'it does not prefer its own reply by enough'} (${ofOwn.toFixed(2)} to ${ofStored.toFixed(2)} nats per token)`,
      );
      return isPreferred;
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      return false;
    }
  }
}

function refused({ turns, settings: { seed } }: Question, { answer }: Blocked): Said {
  return {
    ...{ kind: 'said', source: 'blocked', score: 1, near: [], milliseconds: 0, visits: [] },
    text: chooseAnswer(answer[languageOfTurns(turns)], seed, turns, 0) ?? '',
    ...{ replyId: null, generated: null, why: 'the message has a blocked word' },
  };
}

/** One question on its way through the bots. */
class Asking {
  readonly visits: Visit[] = [];
  near: readonly Near[] = [];
  /** What kept a bot from answering. */
  failure: UserError | null = null;
  private shown = '';

  /** @param shower takes the pieces of the answer. */
  constructor(
    readonly question: Question,
    private readonly shower: (piece: string) => void,
  ) {}

  /** Shows a piece of an answer that no other bot takes the place of. */
  readonly show = (piece: string): void => {
    this.shown += piece;
    this.shower(piece);
  };

  /** Shows what of the answer was not shown yet. */
  showRest(text: string): void {
    if (text.length > this.shown.length) this.show(text.slice(this.shown.length));
  }

  /** @returns null when there is no such bot, it passes, or it is out of order: then the others still answer. */
  async ask(
    bot: Bot | null,
    question = this.question,
    // By default nothing is shown yet: a later bot may know better.
    show: (piece: string) => void = () => {},
  ): Promise<Said | null> {
    if (bot === null) return null;
    this.question.signal.throwIfAborted();
    const began = performance.now();
    try {
      const answer = await bot.answer(question, show);
      this.visits.push(...(answer.visits.length > 0 ? answer.visits : [visitOf(bot.name, answer)]));
      if (answer.near.length > 0) this.near = answer.near;
      return answer.kind === 'said' ? answer : null;
    } catch (thrown) {
      // Whoever has shown a piece must say.
      if (!(thrown instanceof UserError) || this.shown !== '') throw thrown;
      this.failure = thrown;
      const milliseconds = performance.now() - began;
      this.visits.push({ bot: bot.name, kind: 'passed', score: null, why: messageOf(thrown), milliseconds });
      return null;
    }
  }

  note({ name }: Bot, why: string): void {
    this.visits.push({ bot: name, kind: 'passed', score: null, why, milliseconds: 0 });
  }
}

function visitOf(bot: string, { kind, why, milliseconds, ...answer }: Answer): Visit {
  return { bot, kind, score: 'score' in answer ? answer.score : null, why, milliseconds };
}
