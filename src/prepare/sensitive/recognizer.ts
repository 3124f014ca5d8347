// The contract of recognizers. A recognizer knows one kind of personal data: patterns, words nearby, and a checksum. It is one
// file in recognizers/ and one line in recognizers.ts. It does not know how its matches are replaced.
//
// Patterns see the text as text-view.ts shows it: compatible characters in their plain form, HTML entities decoded.

import type { Random } from '../../random.js';
import { sameShape } from './fakes.js';

/** Offsets [start, end). */
export type Span = readonly [start: number, end: number];

/** One way to write such a value. */
export interface Form {
  /**
   * Flags `gu` or `giu`. Every quantifier has an upper bound, so that the time is linear in the length of the text. The
   * group `value` is what is personal; without one it is the whole match. Square brackets are never part of a match.
   */
  readonly pattern: RegExp;
  /** A text that every match has. Texts without it are not searched, which saves most of the time. */
  readonly needs?: string;
  /** The fewest digits in a match of this form, if it has more than others. */
  readonly digits?: number;
  /** The match only counts if this matches the text shortly before it. Ends in `$` to ask for what stands directly before. */
  readonly cues?: RegExp;
  /** The match does not count if this matches the text shortly before it. */
  readonly unless?: RegExp;
  /** Whether the value is one, such as by its checksum. */
  readonly confirms?: (value: string) => boolean;
  /** The parts of the value that are personal, if not all of it is. */
  readonly parts?: (value: string) => readonly Span[];
  /** If `parts` takes long: whether a value is worth the time after many matches in the same text that had no parts. */
  readonly isWorthSearching?: (value: string) => boolean;
}

export interface RecognizerOptions {
  /** Countries whose phone numbers are recognized without a country code (ISO 3166-1 alpha-2). */
  readonly phoneRegions: readonly string[];
}

export interface Recognizer {
  /** In options, reports and, in capitals, placeholders: `email` -> `[EMAIL]`. Never renamed. */
  readonly entity: string;
  /** A phrase for the docs. */
  readonly about: string;
  /** Whether `pii` includes it. */
  readonly byDefault: boolean;
  /** The fewest digits in a match. Texts with fewer are not searched. */
  readonly digits: number;
  /** A function loads what the recognizer needs. */
  readonly forms: readonly Form[] | ((options: RecognizerOptions) => Promise<readonly Form[]>);
  /** A value that belongs to nobody. By default one of the same shape that is not confirmed, such as by its checksum. */
  readonly fake?: (random: Random, value: string) => string;
  /** Texts with the values in them. */
  readonly finds: readonly (readonly [text: string, ...values: string[]])[];
  /** Texts without such a value. */
  readonly passes: readonly string[];
}

/** A recognizer that is ready to search. */
export interface StartedRecognizer {
  readonly entity: string;
  readonly digits: number;
  readonly forms: readonly Form[];
}

export async function startRecognizer(
  { entity, digits, forms }: Recognizer,
  options: RecognizerOptions,
): Promise<StartedRecognizer> {
  return { entity, digits, forms: typeof forms === 'function' ? await forms(options) : forms };
}

/** An invented value to put in place of a real one. */
export function fakeOf({ fake, forms }: Recognizer, value: string, random: Random): string {
  if (fake) return fake(random, value);
  const checks = typeof forms === 'function' ? [] : forms.flatMap(({ confirms }) => confirms ?? []);
  for (let tries = 0; ; tries++) {
    const invented = sameShape(value, random);
    // Where most values are confirmed, the checks are no checksums.
    if (tries === mostTries || !checks.some((confirms) => confirms(invented))) return invented;
  }
}

const mostTries = 20;
