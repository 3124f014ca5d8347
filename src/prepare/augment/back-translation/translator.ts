// The contract of translators. Each translates in one direction, so that back-translation needs two of them. A translator is a
// program (command.ts), a server (endpoint.ts) or a model in this process (transformers.ts). Masks, the cache and the decision
// whether a translation is good are not its concern.

import { UserError } from '../../../errors.js';

export interface Translator {
  /** For messages. Without secrets. */
  readonly name: string;
  /** Names everything that decides a translation, for the cache. Without secrets. */
  readonly identity: string;
  /**
   * @param texts of one line each, not empty.
   * @param keep may be called with the index of a text and its translation before the others are there, so that a run that
   * is interrupted does not lose it.
   * @returns the translation of each text, in order. Null for a text whose answer cannot be used.
   * @throws UserError if the translator fails, or the signal's reason when it aborts.
   */
  translate(texts: readonly string[], signal: AbortSignal, keep?: Keep): Promise<readonly (string | null)[]>;
  close(): Promise<void>;
}

export type Keep = (index: number, translation: string) => void;

export interface Translators {
  readonly there: Translator;
  readonly back: Translator;
}

/** From one language to another, as people name them: `zh` to `en`. */
export interface Direction {
  readonly from: string;
  readonly to: string;
}

/** A translator that does not answer, or whose answers cannot be used. What was translated before is kept. */
export function translatorFailed(sentence: string, cause?: unknown): UserError {
  return new UserError('translator-failed', sentence, { cause });
}

/** Replaces `{from}` and `{to}`. */
export function withLanguages(text: string, { from, to }: Direction): string {
  return text.replaceAll('{from}', from).replaceAll('{to}', to);
}

/** Whether a command or a model names its direction by `{from}` and `{to}`, so that it serves both ways. */
export function namesDirection(text: string): boolean {
  return text.includes('{from}') && text.includes('{to}');
}
