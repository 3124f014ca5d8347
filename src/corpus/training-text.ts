// The text of a turn as training reads it. Unlike what a person types in a chat, text of a corpus may spell the special
// tokens of the model: each is one id, and the one that ends a turn ends it there. The text before and after such an
// end stays in the same dialogue turn: it is learnt, or not, as the rest of it.

import type { SpelledToken, Tokenizer } from '../tokenizer/tokenizer.js';

export interface TrainingIds {
  /** The token that ends the turn included. */
  readonly ids: number[];
  /** How many end-of-text markers the text spelled. */
  readonly endMarkers: number;
  /** How many other special tokens it spelled. */
  readonly specialTokens: number;
}

export class TrainingText {
  private readonly pattern: RegExp | null;
  private readonly idOf: ReadonlyMap<string, number>;

  constructor(private readonly tokenizer: Tokenizer) {
    const { spelledTokens } = tokenizer;
    this.idOf = new Map(spelledTokens.map(({ content, id }) => [content.trim(), id]));
    // The longest first: one token may begin like another.
    const longestFirst = [...spelledTokens].sort((a, b) => b.content.length - a.content.length);
    this.pattern = longestFirst.length > 0 ? new RegExp(longestFirst.map(patternOf).join('|'), 'u') : null;
  }

  encode(text: string): TrainingIds {
    const { endOfText } = this.tokenizer;
    const ids: number[] = [];
    const add = (piece: string) => {
      if (piece !== '') for (const id of this.tokenizer.encode(piece)) ids.push(id);
    };
    let endMarkers = 0;
    let specialTokens = 0;
    let rest = text;
    for (;;) {
      const found = this.pattern?.exec(rest) ?? null;
      if (!found) break;
      const [whole] = found;
      const id = this.idOf.get(whole.trim()) ?? endOfText;
      const before = rest.slice(0, found.index);
      const after = rest.slice(found.index + whole.length);
      if (id === endOfText) {
        endMarkers++;
        add(before.trimEnd());
        // One end is enough: markers may follow each other, or stand at the beginning.
        if (ids.length > 0 && ids.at(-1) !== endOfText) ids.push(id);
        rest = after.trimStart();
      } else {
        specialTokens++;
        add(before);
        ids.push(id);
        rest = after;
      }
    }
    add(rest);
    if (ids.at(-1) !== endOfText) ids.push(endOfText);
    return { ids, endMarkers, specialTokens };
  }
}

function patternOf({ content, lstrip, rstrip }: SpelledToken): string {
  const letters = content.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return `${lstrip ? '\\s*' : ''}${letters}${rstrip ? '\\s*' : ''}`;
}
