// A bot that answers from a bot file: a form in progress first, then rules with the exact text, then patterns and regular
// expressions in the order of the file, then skills. It passes when it is not sure.

import { performance } from 'node:perf_hooks';
import { quoted } from '../../quote.js';
import type { Answer, Bot, Passed, Question, Said } from '../bot.js';
import { type Language, languageOfTurns } from '../language.js';
import { normalize } from '../normalize.js';
import type { Fact, Facts } from '../store/store.js';
import type { BotFile, Condition, Form, Rule } from './bot-file.js';
import type { Moment } from './calendar.js';
import {
  beginForm,
  chosenAnswer,
  continueForm,
  type Filling,
  type FormContext,
  isCancelled,
  own,
  question as questionOf,
  repeatQuestion,
  type Step,
  takesAnything,
} from './form.js';
import { FormState, type StateStore } from './form-state.js';
import { cleaned, type Message, mostCharacters, readMessage } from './message.js';
import { BudgetSpent, stepsOfMessage } from './program.js';
import { askSkills } from './skills.js';
import { type Found, TriggerIndex } from './trigger-index.js';

export type RulesStore = StateStore & Pick<Facts, 'facts'>;

/** What this bot says, before it is timed. */
interface Text {
  readonly text: string;
  readonly source: string;
  readonly why: string;
}

/** What it says, and the form that is in progress then. */
interface Move extends Text {
  readonly filling: Filling | null;
}

interface Pass {
  readonly text: null;
  readonly why: string;
}

const stopped: Pass = { text: null, why: 'stopped' };

/** A question with all that answering it needs. */
interface Asked {
  readonly question: Question;
  readonly message: Message | null;
  readonly language: Language;
  readonly facts: ReadonlyMap<string, string>;
  readonly moment: Moment;
  readonly forms: FormState | null;
}

export class RulesBot implements Bot {
  readonly name = 'rules';
  private readonly index: TriggerIndex;
  private readonly forms: ReadonlyMap<string, Form>;
  /** The last unfinished answer of each conversation: the next message of the conversation waits for it. */
  private readonly busy = new Map<string, Promise<unknown>>();

  /** @param now milliseconds since 1970. */
  constructor(
    private readonly file: BotFile,
    private readonly store: RulesStore,
    private readonly now: () => number = Date.now,
  ) {
    this.index = new TriggerIndex(file.triggers);
    const forms = file.triggers.filter((trigger) => trigger.kind === 'form');
    this.forms = new Map(forms.map((form) => [form.name, form]));
  }

  async answer(question: Question, show: (piece: string) => void): Promise<Answer> {
    const started = performance.now();
    const outcome = await this.inTurn(question.conversation, () => this.outcome(question));
    const common = { near: [], visits: [], milliseconds: performance.now() - started, why: outcome.why };
    if (outcome.text === null) return { kind: 'passed', ...common } satisfies Passed;
    show(outcome.text);
    const { text, source } = outcome;
    return { kind: 'said', text, source, score: 1, replyId: null, generated: null, ...common } satisfies Said;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.busy.values());
  }

  private async inTurn<Result>(conversation: string | null, work: () => Promise<Result>): Promise<Result> {
    if (conversation === null) return work();
    const before = this.busy.get(conversation) ?? Promise.resolve();
    const result = before.then(work, work);
    this.busy.set(conversation, result);
    try {
      return await result;
    } finally {
      if (this.busy.get(conversation) === result) this.busy.delete(conversation);
    }
  }

  private async outcome(question: Question): Promise<Move | Pass> {
    if (question.signal.aborted) return stopped;
    const asked = await this.read(question);
    const before = asked.forms?.current?.filling ?? null;
    const move = this.moveFor(asked, before);
    // An answer that is stopped leaves no trace.
    if (question.signal.aborted) return stopped;
    if (move.text !== null && (before || move.filling))
      await asked.forms?.keep({ said: move.text, time: asked.moment.now, filling: move.filling });
    return move;
  }

  private moveFor(asked: Asked, before: Filling | null): Move | Pass {
    try {
      return before ? this.continue(asked, before) : this.outsideForms(asked);
    } catch (thrown) {
      if (!(thrown instanceof BudgetSpent)) throw thrown;
      return { text: null, why: 'comparing the message with all rules takes too long' };
    }
  }

  private async read(question: Question): Promise<Asked> {
    const { turns, user, conversation, timeZone } = question;
    const now = this.now();
    const language = languageOfTurns(turns);
    const facts =
      user === null ? new Map<string, string>() : factsByName(await this.store.facts(user, now), language);
    return {
      question,
      message: readMessage(turns.at(-1) ?? ''),
      language,
      facts,
      moment: { now, timeZone: timeZone ?? facts.get('time_zone') ?? null },
      forms: conversation === null ? null : await FormState.load(this.store, conversation, turns),
    };
  }

  private continue(asked: Asked, filling: Filling): Move | Pass {
    const form = this.forms.get(filling.form);
    const waited = asked.moment.now - (asked.forms?.current?.time ?? 0);
    if (!form || form.version !== filling.version) return this.dropped(asked, filling, 'outdated');
    if (waited > form.expiresAfterMilliseconds) return this.dropped(asked, filling, 'expired');
    const context = this.context(asked);
    const step = this.interrupts(asked, form, filling)
      ? null
      : continueForm(form, filling, asked.message, context);
    if (step) return moved(form, step);
    const other = form.interrupt ? this.otherText(asked) : null;
    if (!other) return moved(form, repeatQuestion(form, filling, context));
    const text = `${other.text}\n${questionOf(form, filling, context)}`;
    return { ...other, text, filling, why: `${other.why}; the form ${quoted(form.name)} goes on` };
  }

  /** Where any text would be a value, only a message that is exactly the text of a rule is meant for the rule. */
  private interrupts(asked: Asked, form: Form, filling: Filling): boolean {
    if (!form.interrupt || !takesAnything(form, filling) || isCancelled(form, asked.message)) return false;
    return this.find(asked, ({ trigger, isExact }) => isExact && trigger.kind === 'rule') !== null;
  }

  /** A form that no longer fits ends with a sentence, and the message is answered as if no form were in progress. */
  private dropped(asked: Asked, filling: Filling, reason: 'outdated' | 'expired'): Move {
    const sentence = own(reason, filling, this.context(asked));
    const why = `the form ${quoted(filling.form)} is ${reason}`;
    const other = this.outsideForms(asked);
    if (other.text === null) return { text: sentence, source: `rules: ${filling.form}`, why, filling: null };
    return { ...other, text: `${sentence}\n${other.text}`, why: `${why}; ${other.why}` };
  }

  private outsideForms(asked: Asked): Move | Pass {
    const found = this.find(asked, () => true);
    if (found?.trigger.kind === 'form') {
      const form = found.trigger;
      const step = beginForm(form, found.values, asked.language, this.context(asked));
      if (!step.filling || asked.forms) return moved(form, step);
      return { text: null, why: `the form ${quoted(form.name)} needs a conversation that is kept` };
    }
    const text = found?.text ?? this.skillText(asked);
    return text ? { ...text, filling: null } : { text: null, why: whyNot(asked) };
  }

  private context({ moment, facts, question }: Asked): FormContext {
    const { settings, turns, rejected } = question;
    return { moment, facts, texts: this.file.formTexts, seed: settings.seed, turns, rejected };
  }

  /** The answer of a rule or a skill, but not of a form. */
  private otherText(asked: Asked): Text | null {
    return this.find(asked, ({ trigger }) => trigger.kind === 'rule')?.text ?? this.skillText(asked);
  }

  private skillText({ message, moment, language }: Asked): Text | null {
    const found = message && askSkills(this.file.skills, { ...message, language }, moment);
    return (
      found && { text: found.text, source: found.name, why: `the skill ${quoted(found.name)} answers it` }
    );
  }

  /** The first trigger that matches, whose conditions hold, and that has something to say. */
  private find(
    asked: Asked,
    isWanted: (found: Found) => boolean,
  ): (Found & { readonly text: Text | null }) | null {
    const { message, facts, moment } = asked;
    if (!message) return null;
    for (const found of this.index.matches(message, moment, { steps: stepsOfMessage })) {
      const { trigger } = found;
      if (!isWanted(found) || !trigger.conditions.every((condition) => holds(condition, facts))) continue;
      if (trigger.kind === 'form') return { ...found, text: null };
      const text = this.ruleText(trigger, found, asked);
      if (text) return { ...found, text };
    }
    return null;
  }

  private ruleText(rule: Rule, { values, why }: Found, { facts, language, question }: Asked): Text | null {
    const { settings, turns, rejected } = question;
    const known = new Map([...facts, ...values]);
    const text = chosenAnswer(rule.answers, language, known, { seed: settings.seed, turns, rejected });
    return text === null ? null : { text, source: `rules: ${rule.name}`, why };
  }
}

function moved({ name }: Form, { text, filling, why }: Step): Move {
  return { text, filling, why, source: `rules: ${name}` };
}

/** By their names in templates: `likes` has all values of `likes/tea` and `likes/jazz`. */
function factsByName(facts: readonly Fact[], language: Language): Map<string, string> {
  const found = new Map<string, string>();
  for (const { key, value } of facts) {
    const name = key.split('/', 1)[0] ?? key;
    const known = found.get(name);
    const text = cleaned(value);
    found.set(name, known === undefined ? text : `${known}${language === 'zh' ? '、' : ', '}${text}`);
  }
  return found;
}

function holds({ fact, value, not }: Condition, facts: ReadonlyMap<string, string>): boolean {
  const known = facts.get(fact);
  const isSo = known !== undefined && (value === null || normalize(known) === value);
  return isSo !== not;
}

function whyNot({ message }: Asked): string {
  return message
    ? 'no rule and no skill fits'
    : `the message is longer than the ${mostCharacters} characters that rules read`;
}
