// Finds texts that are equal apart from case and white space.

import { SeenTexts } from '../seen-texts.js';

/** Texts are equal if this is. */
export function normalized(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}

export class ExactDuplicates {
  private readonly seen = new SeenTexts();

  /** @returns the number of the first text that equals this one; its own number, the number of distinct texts so far, if none. */
  numberOf(text: string): number {
    return this.seen.numberOf(normalized(text));
  }
}
