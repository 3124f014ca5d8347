// Forms: they ask for missing slots in order, check what is said, and give an answer. A form in progress is a value:
// form-state.ts keeps it, and rules-bot.ts decides whether another rule answers in between.

import { chooseAnswer, fillAnswer } from '../answer-text.js';
import type { Language } from '../language.js';
import { normalize } from '../normalize.js';
import type { Answers, Form, FormSlot, FormTexts } from './bot-file.js';
import type { Moment } from './calendar.js';
import { isBoundary, isUnspaced, type Message } from './message.js';
import { BudgetSpent, Program, stepsOfMessage } from './program.js';
import type { SlotKind } from './slots.js';

/** A form in progress. */
export interface Filling {
  readonly form: string;
  readonly version: string;
  readonly language: Language;
  readonly values: Readonly<Record<string, string>>;
  /** The slot that was asked for; null: it waits for a confirmation. */
  readonly asked: string | null;
  /** How many messages since then were no answer. */
  readonly failures: number;
}

/** What the texts of a form are made with. */
export interface FormContext {
  readonly moment: Moment;
  readonly texts: FormTexts;
  readonly facts: ReadonlyMap<string, string>;
  readonly seed: number;
  readonly turns: readonly string[];
  readonly rejected?: readonly string[] | undefined;
}

/** What a form says, and where it stands then; null: it has ended. */
export interface Step {
  readonly text: string;
  readonly filling: Filling | null;
  readonly why: string;
}

/** @param values of slots that the first message had; what is not valid is asked for. */
export function beginForm(
  form: Form,
  values: ReadonlyMap<string, string>,
  language: Language,
  context: FormContext,
): Step {
  const valid = form.slots.flatMap((slot) => {
    const value = values.get(slot.name);
    return value !== undefined && isValid(slot, value) ? [[slot.name, value] as const] : [];
  });
  const filling = {
    ...{ form: form.name, version: form.version, language },
    ...{ values: Object.fromEntries(valid), asked: null, failures: 0 },
  };
  return proceed(form, filling, context);
}

/**
 * The next step of a form.
 * @param message null: it is too long to read.
 * @returns null when the message is no answer to what was asked.
 */
export function continueForm(
  form: Form,
  filling: Filling,
  message: Message | null,
  context: FormContext,
): Step | null {
  if (!message) return null;
  const normal = normalize(message.text);
  if (isCancelled(form, message))
    return { text: own('cancelled', filling, context), filling: null, why: `"${form.name}" was cancelled` };
  const slot = form.slots.find(({ name }) => name === filling.asked);
  if (!slot) return confirmed(form, filling, normal, context);
  const value = valueIn(slot, message, context.moment);
  if (value === null) return null;
  return proceed(
    form,
    { ...filling, values: { ...filling.values, [slot.name]: value }, failures: 0 },
    context,
  );
}

export function isCancelled(form: Form, message: Message | null): boolean {
  return message !== null && form.cancel.has(normalize(message.text));
}

/** Asks again after a message that was no answer, or gives up. */
export function repeatQuestion(form: Form, filling: Filling, context: FormContext): Step {
  const failures = filling.failures + 1;
  if (failures >= form.tries)
    return { text: own('gaveUp', filling, context), filling: null, why: `"${form.name}" gave up` };
  const slot = form.slots.find(({ name }) => name === filling.asked);
  const hint = slot ? slot.hint && say(slot.hint, filling, context) : own('yesOrNo', filling, context);
  return {
    text: hint === null ? question(form, filling, context) : `${hint}\n${question(form, filling, context)}`,
    filling: { ...filling, failures },
    why: slot ? `the message is no value of "${slot.name}"` : 'the message is neither yes nor no',
  };
}

/** What the form is waiting for. */
export function question(form: Form, filling: Filling, context: FormContext): string {
  const slot = form.slots.find(({ name }) => name === filling.asked);
  return say(slot?.ask ?? form.confirm ?? form.answers, filling, context) ?? '';
}

/** Whether nearly every message would be an answer to what was asked. */
export function takesAnything(form: Form, filling: Filling): boolean {
  const slot = form.slots.find(({ name }) => name === filling.asked);
  return slot?.kind.isFree === true && slot.regex === null;
}

function proceed(form: Form, filling: Filling, context: FormContext): Step {
  const missing = form.slots.find(({ name }) => !Object.hasOwn(filling.values, name));
  if (missing) {
    const asking = { ...filling, asked: missing.name };
    return {
      text: question(form, asking, context),
      filling: asking,
      why: `"${form.name}" asks for "${missing.name}"`,
    };
  }
  if (form.confirm) {
    const asking = { ...filling, asked: null };
    return {
      text: question(form, asking, context),
      filling: asking,
      why: `"${form.name}" asks for a confirmation`,
    };
  }
  return finished(form, filling, context);
}

function finished(form: Form, filling: Filling, context: FormContext): Step {
  return {
    text: say(form.answers, filling, context) ?? '',
    filling: null,
    why: `"${form.name}" is complete`,
  };
}

const yes: ReadonlySet<string> = new Set([
  ...['yes', 'y', 'yep', 'yeah', 'yes please', 'ok', 'okay', 'sure', 'correct', 'right', "that's right"],
  ...[
    'that is right',
    'exactly',
    'confirm',
    '是',
    '是的',
    '对',
    '对的',
    '好',
    '好的',
    '可以',
    '确认',
    '没错',
    '嗯',
    '行',
  ],
]);
const no: ReadonlySet<string> = new Set([
  ...[
    'no',
    'n',
    'nope',
    'wrong',
    'incorrect',
    "that's wrong",
    'no thanks',
    '不',
    '不是',
    '不对',
    '错',
    '错了',
    '否',
  ],
  ...['不行', '不可以', '不要'],
]);

function confirmed(form: Form, filling: Filling, normal: string, context: FormContext): Step | null {
  if (yes.has(normal)) return finished(form, filling, context);
  if (!no.has(normal)) return null;
  const again = proceed(form, { ...filling, values: {}, failures: 0 }, context);
  return { ...again, text: `${own('startOver', filling, context)}\n${again.text}` };
}

/** One of the answers whose values are all known; null when there is none. */
function say(answers: Answers, filling: Filling, context: FormContext): string | null {
  const values = new Map([...context.facts, ...Object.entries(filling.values)]);
  return chosenAnswer(answers, filling.language, values, context);
}

export function chosenAnswer(
  answers: Answers,
  language: Language,
  values: ReadonlyMap<string, string>,
  { seed, turns, rejected }: Pick<FormContext, 'seed' | 'turns' | 'rejected'>,
): string | null {
  const filled = answers[language].flatMap(({ text }) => fillAnswer(text, values) ?? []);
  return chooseAnswer(filled, seed, turns, 20, rejected);
}

export function own(
  text: keyof FormTexts,
  { language }: Pick<Filling, 'language'>,
  { texts, seed, turns }: Pick<FormContext, 'texts' | 'seed' | 'turns'>,
): string {
  return chooseAnswer(texts[text][language], seed, turns, 0) ?? '';
}

/** The value that a message gives for a slot: the whole message, or the only value in it. */
export function valueIn(slot: FormSlot, message: Message, moment: Moment): string | null {
  const values = valuesIn(slot.kind, message, moment).filter((value) => isValid(slot, value));
  const [value] = values;
  return value !== undefined && new Set(values).size === 1 ? value : null;
}

function valuesIn(kind: SlotKind, message: Message, moment: Moment): readonly string[] {
  const { start, end } = message;
  const whole = takes(kind, message, start, end) ? kind.value(message, start, end, moment) : null;
  if (whole !== null) return [whole];
  if (kind.expression.kind !== 'taker') return [];
  const found: string[] = [];
  for (let at = start; at < end; ) {
    const to = kind.expression
      .ends(message, at)
      .find((one) => one > at && one <= end && standsAlone(message, at, one));
    const value = to === undefined ? null : kind.value(message, at, to, moment);
    if (value !== null) found.push(value);
    at = to ?? at + 1;
  }
  return found;
}

function takes(kind: SlotKind, message: Message, start: number, end: number): boolean {
  try {
    return new Program(kind.expression, false).match(message, start, end, { steps: stepsOfMessage }) !== null;
  } catch (thrown) {
    if (thrown instanceof BudgetSpent) return false;
    throw thrown;
  }
}

/** Words that count things follow a Chinese number, which otherwise may be a part of a word: 一起. */
const counting = /^[个個件位张名人份只条号台本盒瓶杯天次包双套块]$/u;

function standsAlone({ text }: Message, at: number, end: number): boolean {
  const isOneCharacter = end - at === 1 && isUnspaced(text[at] ?? '');
  return isBoundary(text, at) && isBoundary(text, end) && (!isOneCharacter || counting.test(text[end] ?? ''));
}

function isValid({ kind, regex, least, most }: FormSlot, value: string): boolean {
  const number = kind.name === 'number' ? Number(value) : null;
  if (number !== null && ((least !== null && number < least) || (most !== null && number > most)))
    return false;
  return regex === null || matchesWhole(regex.program, value);
}

function matchesWhole(program: Program, value: string): boolean {
  const message: Message = {
    ...{ raw: value, text: value, folded: value, start: 0, end: value.length },
    language: 'en',
  };
  try {
    return program.match(message, 0, value.length, { steps: stepsOfMessage }) !== null;
  } catch (thrown) {
    if (thrown instanceof BudgetSpent) return false;
    throw thrown;
  }
}
