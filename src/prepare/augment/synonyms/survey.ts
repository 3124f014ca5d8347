// What the synonyms need to know of a corpus: its names, how often it holds the words of a thesaurus, and whether it is Chinese.

import type { Dialogue } from '../../../corpus/dialogue.js';
import { han, isTraditional } from './chinese.js';
import { tokensIn } from './english.js';

const mostNames = 2 ** 17;

export class Survey {
  turns = 0;
  /** Turns with Chinese characters. */
  chinese = 0;
  /** Those of them that are in traditional characters. */
  traditional = 0;
  private readonly speakers = new Set<string>();
  /** How often words begin with a capital within a sentence, and how often they do not. */
  private readonly capitals = new Map<string, { up: number; down: number }>();

  /** @param words in small letters, of which the names are wanted. */
  constructor(private readonly words: { has(word: string): boolean }) {}

  see({ turns }: Dialogue): void {
    for (const { text, speaker } of turns) {
      this.turns++;
      if (han.test(text)) {
        this.chinese++;
        if (isTraditional(text)) this.traditional++;
      }
      if (speaker !== undefined) this.addName(speaker);
      this.addCapitals(text);
    }
  }

  /** Whether a word in small letters is a name in this corpus. */
  isName(word: string): boolean {
    if (this.speakers.has(word)) return true;
    const seen = this.capitals.get(word);
    return seen !== undefined && seen.up > 1 && seen.up > seen.down;
  }

  private addName(speaker: string): void {
    if (this.speakers.size > mostNames) return;
    this.speakers.add(speaker.toLowerCase());
    for (const part of speaker.toLowerCase().split(/[\s_.-]+/)) if (part.length > 1) this.speakers.add(part);
  }

  private addCapitals(text: string): void {
    for (const { start, text: word, small, follows } of tokensIn(text)) {
      if (!this.words.has(small)) continue;
      const isUp = word !== small;
      // At the beginning of a sentence a capital says nothing, and neither do capitals only.
      if (isUp && (start === 0 || !follows || word === word.toUpperCase())) continue;
      const seen = this.capitals.get(small) ?? { up: 0, down: 0 };
      seen[isUp ? 'up' : 'down']++;
      this.capitals.set(small, seen);
    }
  }
}
