// Texts that a person wrote as answers: `Hello {name}`. Values come from users, so they are only ever copied: a value with
// braces stays as it is.

import { quoted } from '../quote.js';
import { Random } from '../random.js';

/** A piece of text, or the name of a value. */
export type AnswerPiece = string | { readonly value: string };

export interface AnswerText {
  readonly pieces: readonly AnswerPiece[];
  /** The names of its values. */
  readonly values: ReadonlySet<string>;
}

/** What is wrong with a text, as the end of a sentence that begins with its place. */
export class AnswerTextError extends Error {}

const parts = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/gu;
const longestValue = 500;

/** The name of a value in its one spelling, or undefined if it is none. */
export function valueName(written: string): string | undefined {
  const name = written.trim().normalize('NFC');
  return /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_-]{0,59}$/u.test(name) ? name : undefined;
}

/** @throws AnswerTextError for braces that name no value. */
export function parseAnswer(text: string): AnswerText {
  const pieces: AnswerPiece[] = [];
  for (const [part, inside] of text.matchAll(parts)) {
    if (inside !== undefined) pieces.push({ value: nameIn(part, inside) });
    else if (part === '{' || part === '}')
      throw new AnswerTextError(`has a single ${part}; write ${part}${part} for a brace`);
    else pieces.push(part === '{{' ? '{' : part === '}}' ? '}' : part);
  }
  const values = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.value]));
  return { pieces, values: new Set(values) };
}

function nameIn(part: string, inside: string): string {
  const name = valueName(inside);
  if (name !== undefined) return name;
  throw new AnswerTextError(
    `has ${quoted(part, 40)}, which names no value; write {{ and }} for braces themselves`,
  );
}

/** @returns null when a value is not known. */
export function fillAnswer(text: AnswerText, values: ReadonlyMap<string, string>): string | null {
  let filled = '';
  for (const piece of text.pieces) {
    const value = typeof piece === 'string' ? piece : values.get(piece.value);
    if (value === undefined) return null;
    filled += typeof piece === 'string' ? piece : shortened(value);
  }
  return filled;
}

function shortened(value: string): string {
  return value.length > longestValue ? `${[...value.slice(0, longestValue)].slice(0, -1).join('')}…` : value;
}

/**
 * One of several answers. The same seed and conversation give the same one.
 * @param turns of the conversation; an answer that is one of the bot's last turns is only taken when all are.
 * @param rejected answers that are only taken when there are no others.
 */
export function chooseAnswer(
  answers: readonly string[],
  seed: number,
  turns: readonly string[],
  repeatAfter: number,
  rejected: readonly string[] = [],
): string | null {
  const recent = new Set(repeatAfter > 0 ? turns.slice(-repeatAfter) : []);
  const left = answers.filter((answer) => !rejected.includes(answer));
  const fresh = left.filter((answer) => !recent.has(answer));
  const from = fresh.length > 0 ? fresh : left.length > 0 ? left : answers;
  return from[new Random(seed, turns.length).below(Math.max(1, from.length))] ?? null;
}
