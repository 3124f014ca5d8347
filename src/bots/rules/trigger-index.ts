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

export class TriggerIndex {
  private readonly exact = new Map<string, (Rule | Form)[]>();

  constructor(private readonly triggers: readonly (Rule | Form)[]) {
    for (const trigger of triggers)
      for (const { normal } of trigger.texts) {
        const known = this.exact.get(normal);
        if (!known) this.exact.set(normal, [trigger]);
        else if (!known.includes(trigger)) known.push(trigger);
      }
  }

  /** Those that match, best first. @throws BudgetSpent */
  *matches(message: Message, moment: Moment, budget: Budget): Generator<Found> {
    const none: ReadonlyMap<string, string> = new Map();
    for (const trigger of this.exact.get(normalize(message.raw)) ?? [])
      yield { trigger, values: none, isExact: true, why: `${trigger.place} has this text` };
    for (const trigger of this.triggers)
      for (const matcher of trigger.matchers) {
        const values = valuesOf(matcher, message, moment, budget);
        if (values) yield { trigger, values, isExact: false, why: `${matcher.place} matches` };
      }
  }
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
