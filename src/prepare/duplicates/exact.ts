// Finds dialogues whose texts are equal, apart from case and white space.

import { createHash } from 'node:crypto';
import type { Dialogue } from '../../corpus/dialogue.js';

export class ExactDuplicates {
  /** The first dialogue with each text, by hash. */
  private readonly first = new Map<string, string>();

  /** @returns the id of the first dialogue with the same text, or undefined if this is the first. */
  firstOf(id: string, { turns }: Dialogue): string | undefined {
    const words = turns.map(({ text }) => text.toLowerCase().replace(/\s+/g, ' ').trim());
    const key = createHash('sha256').update(JSON.stringify(words)).digest('base64').slice(0, 22);
    const known = this.first.get(key);
    if (known === undefined) this.first.set(key, id);
    return known;
  }
}
