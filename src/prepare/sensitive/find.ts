// Finds personal data in a text. It searches again until nothing more is found, because a value can hide another one.

import { type Match, withoutOverlaps } from './overlaps.js';
import type { Form, Span, StartedRecognizer } from './recognizer.js';
import { type TextView, viewOf } from './text-view.js';

export interface Found {
  readonly entity: string;
  /** In the original text. */
  readonly start: number;
  readonly end: number;
  /** As the recognizer saw it. */
  readonly value: string;
}

/** Finds further spans in the text of a view, such as names. */
export type Further = (text: string) => Iterable<{ readonly entity: string; readonly span: Span }>;

/** How many characters before a match are searched for cues. */
const cueCharacters = 50;
/** How many matches of a form can have no parts before only likely ones are searched, and how many more by length of the text. */
const [mostInVain, charactersPerMore] = [40, 50];
/** Stands in place of what was found. No pattern matches it. */
const mask = '\ufffc';

/** @returns disjoint values in the order of the text. */
export function findPersonal(
  text: string,
  recognizers: readonly StartedRecognizer[],
  further?: Further,
): Found[] {
  const view = viewOf(text);
  const found: Found[] = [];
  for (let left = view.text; ; ) {
    const matches = withoutOverlaps(allMatches(left, recognizers, further));
    if (matches.length === 0) break;
    for (const match of matches) found.push(inOriginal(match, view));
    left = masked(left, matches);
  }
  return found.sort((one, other) => one.start - other.start);
}

function allMatches(text: string, recognizers: readonly StartedRecognizer[], further?: Further): Match[] {
  const digits = digitsIn(text);
  const matches: Match[] = [];
  for (let rank = 0; rank < recognizers.length; rank++) {
    const recognizer = recognizers[rank];
    if (recognizer === undefined || recognizer.digits > digits) continue;
    for (const form of recognizer.forms) {
      if (form.digits !== undefined && form.digits > digits) continue;
      if (form.needs !== undefined && !text.includes(form.needs)) continue;
      form.pattern.lastIndex = 0;
      // Most texts hold nothing, and nearly all time is spent on them.
      const first = form.pattern.exec(text);
      if (first === null) continue;
      for (const [start, end] of spansOf(text, form, first))
        matches.push({ entity: recognizer.entity, start, end, rank });
    }
  }
  for (const { entity, span } of further?.(text) ?? [])
    matches.push({ entity, start: span[0], end: span[1], rank: recognizers.length });
  return matches;
}

/** At most 20 are counted, which is more than any recognizer asks for. */
function digitsIn(text: string): number {
  let digits = 0;
  for (let at = 0; at < text.length && digits < 20; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) digits++;
  }
  return digits;
}

/** @param first match of the pattern, which has just been found. */
function* spansOf(
  text: string,
  { pattern, cues, unless, confirms, parts, isWorthSearching }: Form,
  first: RegExpExecArray,
): Generator<Span> {
  let inVain = 0;
  for (let match: RegExpExecArray | null = first; match; match = pattern.exec(text)) {
    const value = match.groups?.value ?? match[0];
    const start = match.index + match[0].lastIndexOf(value);
    const end = start + value.length;
    // The next match may begin inside of this one, if this one does not count.
    const goOn = () => {
      pattern.lastIndex = match.index + 1;
    };
    const before = text.slice(Math.max(0, match.index - cueCharacters), start);
    if ((cues && !cues.test(before)) || unless?.test(before) || confirms?.(value) === false) {
      goOn();
      continue;
    }
    if (!parts) {
      yield [start, end];
      continue;
    }
    const isLong = inVain > mostInVain + text.length / charactersPerMore;
    const inside = isLong && isWorthSearching?.(value) === false ? [] : parts(value);
    if (inside.length === 0) {
      inVain++;
      goOn();
    }
    for (const [from, to] of inside) yield [start + from, start + to];
  }
}

function inOriginal({ entity, start, end }: Match, view: TextView): Found {
  return { entity, start: view.start(start), end: view.end(end), value: view.text.slice(start, end) };
}

function masked(text: string, matches: readonly Match[]): string {
  let left = '';
  let done = 0;
  for (const { start, end } of matches) {
    left += text.slice(done, start) + mask.repeat(end - start);
    done = end;
  }
  return left + text.slice(done);
}
