// The kinds of slots that patterns and forms have: `{number}`, `{date}`, and one for each list of the file. A kind says which
// part of a message it takes, and which value that part has.

import { isoOf, localTime, type Moment } from './calendar.js';
import { cleaned, folded, isBoundary, type Message } from './message.js';
import { numberAt } from './numbers.js';
import type { Expression } from './program.js';
import { dateAt, timeAt } from './written-dates.js';

export interface SlotKind {
  readonly name: string;
  /** What it takes, for the table in docs/bots.md. */
  readonly help: string;
  readonly example: string;
  /** Whether it takes any text, so that nearly every message has a value of this kind. */
  readonly isFree: boolean;
  readonly expression: Expression;
  /** @returns null when what the expression took has no value, such as a date that no calendar has. */
  value(message: Message, start: number, end: number, moment: Moment): string | null;
}

const asWritten: SlotKind['value'] = ({ text }, start, end) => text.slice(start, end).trim();

/** A taker that begins and ends between words. Letters may follow digits: 5kg. */
function taker(ends: (message: Message, at: number) => readonly number[]): Expression {
  const isEnd = (text: string, end: number) =>
    isBoundary(text, end) || /^\d\p{L}$/u.test(text.slice(end - 1, end + 1));
  return {
    kind: 'taker',
    ends: (message, at) =>
      isBoundary(message.text, at) ? ends(message, at).filter((end) => isEnd(message.text, end)) : [],
  };
}

function sticky(pattern: RegExp): Expression {
  return taker(({ folded: text }, at) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    return match ? [at + match[0].length] : [];
  });
}

const signedNumber = /[+-]?/y;

function signedAt(text: string, at: number): { readonly end: number; readonly digits: string } | null {
  signedNumber.lastIndex = at;
  const [sign = ''] = signedNumber.exec(text) ?? [];
  const found = numberAt(text, at + sign.length);
  return found && { end: found.end, digits: `${sign === '-' ? '-' : ''}${found.digits}` };
}

const any: Expression = { kind: 'character', test: () => true };
const inWord: Expression = {
  kind: 'character',
  test: (character) => /^[\p{L}\p{M}\p{N}_'-]$/u.test(character),
};
const edge: Expression = { kind: 'assertion', holds: isBoundary };

export const slotKinds = [
  {
    name: 'number',
    help: 'A number in digits or words; digits keep their form, words become digits.',
    example: '12345',
    isFree: false,
    expression: taker(({ folded: text }, at) => {
      const found = signedAt(text, at);
      return found ? [found.end] : [];
    }),
    value: ({ text, folded: lower }, start, end) => {
      const written = text.slice(start, end);
      return /^\d+$/.test(written) ? written : (signedAt(lower, start)?.digits ?? null);
    },
  },
  {
    name: 'date',
    help: 'A day: `tomorrow`, `next Friday`, `24 December`, `下周五`. The value is like `2026-12-24`.',
    example: 'tomorrow',
    isFree: false,
    // What is a date does not depend on today; which day it is does.
    expression: taker(({ folded: text }, at) => {
      const found = dateAt(text, at, { year: 2024, month: 1, day: 1 });
      return found ? [found.end] : [];
    }),
    value: ({ folded: text }, start, _, moment) => {
      const found = dateAt(text, start, localTime(moment).day);
      return found && isoOf(found.day);
    },
  },
  {
    name: 'time',
    help: 'A time of day: `15:30`, `3pm`, `noon`, `下午三点半`. The value is like `15:30`.',
    example: '15:30',
    isFree: false,
    expression: taker(({ folded: text }, at) => {
      const found = timeAt(text, at);
      return found ? [found.end] : [];
    }),
    value: ({ folded: text }, start) => timeAt(text, start)?.time ?? null,
  },
  {
    name: 'email',
    help: 'An e-mail address.',
    example: 'ann@example.com',
    isFree: false,
    expression: sticky(/[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/uy),
    value: asWritten,
  },
  {
    name: 'phone',
    help: 'A telephone number of 5 to 15 digits.',
    example: '+49 30 123456',
    isFree: false,
    expression: sticky(/\+?\(?\d(?:[ ()/.-]{0,2}\d){4,14}(?!\d)/uy),
    value: asWritten,
  },
  {
    name: 'word',
    help: 'One word, or what has letters, digits, `-` and `_`, such as a code.',
    example: 'AB-123',
    isFree: true,
    expression: {
      kind: 'sequence',
      parts: [edge, { kind: 'repeat', part: inWord, least: 1, most: null, lazy: false }, edge],
    },
    value: asWritten,
  },
  {
    name: 'text',
    help: 'Any text.',
    example: 'anything at all',
    isFree: true,
    expression: { kind: 'repeat', part: any, least: 1, most: null, lazy: true },
    value: (message, start, end) =>
      message.text.slice(Math.max(start, message.start), Math.min(end, message.end)).trim() || null,
  },
] as const satisfies readonly SlotKind[];

export const slotKindNames: readonly string[] = slotKinds.map(({ name }) => name);

/** Words of a list that share their beginnings. */
interface Branch {
  readonly next: Map<string, Branch>;
  value: string | null;
}

/** @param words what people write, and the value that it stands for. */
export function listKind(name: string, words: ReadonlyMap<string, string>): SlotKind {
  const root: Branch = { next: new Map(), value: null };
  for (const [written, value] of words) {
    let branch = root;
    for (const character of folded(cleaned(written))) {
      const next = branch.next.get(character) ?? { next: new Map(), value: null };
      branch.next.set(character, next);
      branch = next;
    }
    branch.value ??= value;
  }
  return {
    name,
    help: `A value of the list ${name}.`,
    example: [...words.keys()][0] ?? '',
    isFree: false,
    expression: taker(({ folded: text }, at) =>
      [...alongBranches(root, text, at)].map(([end]) => end).reverse(),
    ),
    value: ({ folded: text }, start, end) =>
      [...alongBranches(root, text, start)].find(([to]) => to === end)?.[1] ?? null,
  };
}

/** The words that begin at a position: where they end, and their value. */
function* alongBranches(
  root: Branch,
  text: string,
  at: number,
): Generator<readonly [end: number, value: string]> {
  let branch: Branch | undefined = root;
  let end = at;
  for (const character of text.slice(at, at + longestListWord)) {
    branch = branch?.next.get(character);
    if (!branch) return;
    end += character.length;
    if (branch.value !== null) yield [end, branch.value];
  }
}

export const longestListWord = 200;
