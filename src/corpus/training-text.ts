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
  /** By their first character, the longest first: one token may begin like another. */
  private readonly tokens = new Map<string, SpelledToken[]>();

  constructor(private readonly tokenizer: Tokenizer) {
    for (const token of [...tokenizer.spelledTokens].sort((a, b) => b.content.length - a.content.length)) {
      const first = token.content.charAt(0);
      const others = this.tokens.get(first);
      if (others) others.push(token);
      else this.tokens.set(first, [token]);
    }
  }

  /**
   * The first token that a text spells. Not by a pattern: a model may have more tokens than one can hold, and with the white
   * space around a token in it, a long run of spaces would take quadratic time.
   */
  private find(text: string): { id: number; start: number; end: number } | null {
    for (let at = 0; at < text.length; at++) {
      const token = this.tokens.get(text.charAt(at))?.find(({ content }) => text.startsWith(content, at));
      if (token === undefined) continue;
      const { id, content, lstrip, rstrip } = token;
      let [start, end] = [at, at + content.length];
      if (lstrip) while (isSpace(text, start - 1)) start--;
      if (rstrip) while (isSpace(text, end)) end++;
      return { id, start, end };
    }
    return null;
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
      const found = this.find(rest);
      if (!found) break;
      const { id } = found;
      const before = rest.slice(0, found.start);
      const after = rest.slice(found.end);
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

function isSpace(text: string, at: number): boolean {
  return /\s/.test(text.charAt(at));
}
