// Templates of dialogues: texts with slots, `from {city} to {city}`. The slots of all turns of a dialogue are filled together:
// the second {city} of each turn is the same value, and so is {city 2}. Different slots of one list get different values.
// `{{` and `}}` stand for braces.

import { quoted } from '../../../quote.js';

/** A piece of text, or a slot: the n-th value that the dialogue takes from a list, counted from 0. */
export type Piece = string | { readonly list: string; readonly slot: number };

export interface Template {
  /** What each says in turn. The first is the user, then the assistant, and so on. */
  readonly turns: readonly (readonly Piece[])[];
  /** How often it is used, in proportion to the others. */
  readonly weight: number;
  /** `templates.yaml:12` */
  readonly place: string;
}

export interface TemplateFile {
  readonly templates: readonly Template[];
  /** Distinct values, by name. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** The files that lists name. */
  readonly listFiles: readonly string[];
  /** What people should know. */
  readonly notes: readonly string[];
}

/** What is wrong with a text, as the end of a sentence that begins with its place. */
export class TemplateError extends Error {}

const parts = /\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+/g;
const slotName = /^(\S+)(?:\s+([1-9]\d?))?$/;

/** The name of a list as it is compared, or undefined if it is none. */
export function normalName(written: string): string | undefined {
  const name = written.trim().normalize('NFC');
  return /^[\p{L}\p{M}\p{N}_-]+$/u.test(name) ? name : undefined;
}

/** @throws TemplateError for braces that are no slot. */
export function parseTemplate(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const seen = new Map<string, number>();
  for (const [part, inside] of text.matchAll(parts)) {
    if (inside !== undefined) pieces.push(slotOf(part, inside, seen));
    else if (part === '{' || part === '}')
      throw new TemplateError(`has a single ${part}; write ${part}${part} for a brace`);
    else pieces.push(part === '{{' ? '{' : part === '}}' ? '}' : part);
  }
  return pieces;
}

function slotOf(part: string, inside: string, seen: Map<string, number>): Piece {
  const [, name = '', number] = slotName.exec(inside.trim()) ?? [];
  const list = normalName(name);
  if (list === undefined)
    throw new TemplateError(
      `has the slot ${quoted(part, 40)}, which does not name a list; write {{ and }} for braces`,
    );
  if (number !== undefined) return { list, slot: Number(number) - 1 };
  const slot = seen.get(list) ?? 0;
  seen.set(list, slot + 1);
  return { list, slot };
}

/** How many values a template takes from each list. */
export function slotsOf({ turns }: Template): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  for (const piece of turns.flat())
    if (typeof piece !== 'string')
      slots.set(piece.list, Math.max(slots.get(piece.list) ?? 0, piece.slot + 1));
  return slots;
}
