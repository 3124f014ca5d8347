// Finds the rules and forms that a message starts: those with its exact text first, then expressions in the order of the file.

import { normalize } from '../normalize.js';
import type { Form, Matcher, Rule } from './bot-file.js';
import type { Moment } from './calendar.js';
import type { Message } from './message.js';
import type { Budget, Captures } from './program.js';

export interface Found {
  readonly trigger: Rule | Form;
  /** Of slots and named groups. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether the message is a text of the trigger. */
  readonly isExact: boolean;
  readonly why: string;
}

/** A pattern or regular expression, with its place in the order in which they are tried. */
interface Entry {
  readonly trigger: Rule | Form;
  readonly matcher: Matcher;
  readonly order: number;
}

/** Literals are found by their first characters. */
const keyLength = 8;

export class TriggerIndex {
  private readonly exact = new Map<string, (Rule | Form)[]>();
  /** By the beginning of a literal that they need. */
  private readonly needing = new Map<string, Entry[]>();
  private readonly others: Entry[] = [];

  constructor(triggers: readonly (Rule | Form)[]) {
    let order = 0;
    for (const trigger of triggers) {
      for (const { normal } of trigger.texts) append(this.exact, normal, trigger);
      for (const matcher of trigger.matchers) this.add({ trigger, matcher, order: order++ });
    }
  }

  private add(entry: Entry): void {
    const { needs } = entry.matcher.program;
    if (needs) for (const literal of needs) append(this.needing, literal.slice(0, keyLength), entry);
    else this.others.push(entry);
  }

  /** Those that match, best first. @throws BudgetSpent */
  *matches(message: Message, moment: Moment, budget: Budget): Generator<Found> {
    const none: ReadonlyMap<string, string> = new Map();
    for (const trigger of this.exact.get(normalize(message.raw)) ?? [])
      yield { trigger, values: none, isExact: true, why: `${trigger.place} has this text` };
    for (const { trigger, matcher } of this.candidates(message)) {
      const values = valuesOf(matcher, message, moment, budget);
      if (values) yield { trigger, values, isExact: false, why: `${matcher.place} matches` };
    }
  }

  private candidates({ folded }: Message): readonly Entry[] {
    const found = new Set(this.others);
    for (let at = 0; at < folded.length; at++)
      for (let length = 1; length <= keyLength && at + length <= folded.length; length++)
        for (const entry of this.needing.get(folded.slice(at, at + length)) ?? []) found.add(entry);
    return [...found].sort((one, other) => one.order - other.order);
  }
}

function append<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const known = lists.get(key);
  if (!known) lists.set(key, [value]);
  else if (known.at(-1) !== value) known.push(value);
}

function valuesOf(
  matcher: Matcher,
  message: Message,
  moment: Moment,
  budget: Budget,
): ReadonlyMap<string, string> | null {
  if (matcher.kind === 'pattern') {
    const captures = matcher.program.match(message, message.start, message.end, budget);
    return captures && slotValues(matcher, captures, message, moment);
  }
  const captures = matcher.program.match(message, 0, message.text.length, budget);
  return (
    captures && new Map([...captures].map(([name, [start, end]]) => [name, message.text.slice(start, end)]))
  );
}

/** @returns null when a slot has no value. */
function slotValues(
  { pattern }: Matcher & { readonly kind: 'pattern' },
  captures: Captures,
  message: Message,
  moment: Moment,
): ReadonlyMap<string, string> | null {
  const values = new Map<string, string>();
  for (const [name, [start, end]] of captures) {
    const value = pattern.slots.get(name)?.value(message, start, end, moment) ?? null;
    if (value === null) return null;
    values.set(name, value);
  }
  return values;
}
