// Encodes the text of a turn for training. Unlike text typed in a chat, corpus text can contain special tokens of the
// model. Each becomes one id, and the end-of-text token ends the turn there. The text before and after it stays in the
// same dialogue turn and shares its supervision.

import type { SpelledToken, Tokenizer } from '../tokenizer/tokenizer.js';

/** Ids as a tokenizer gives them, or as they are stored. */
export type Ids = readonly number[] | Uint16Array | Uint32Array;

export interface TurnIds {
  /** Includes the token that ends the turn. */
  readonly ids: Ids;
  /** Number of end-of-text markers in the text. */
  readonly endMarkers: number;
  /** Number of other special tokens in the text. */
  readonly specialTokens: number;
}

export interface TrainingIds extends TurnIds {
  readonly ids: number[];
}

export class TrainingText {
  /** Keyed by first character, longest token first, because one token can be a prefix of another. */
  private readonly tokens = new Map<string, SpelledToken[]>();
  /** 1 for each UTF-16 unit that a token begins with. Nearly every character of a text begins none. */
  private readonly begins = new Uint8Array(2 ** 16);

  constructor(private readonly tokenizer: Tokenizer) {
    for (const token of [...tokenizer.spelledTokens].sort((a, b) => b.content.length - a.content.length)) {
      const first = token.content.charAt(0);
      const others = this.tokens.get(first);
      if (others) others.push(token);
      else this.tokens.set(first, [token]);
      this.begins[first.charCodeAt(0)] = 1;
    }
  }

  /**
   * Finds the first special token in a text. It does not use a regular expression: a model can have more tokens than one
   * expression can hold, and matching white space around a token would take quadratic time in a long run of spaces.
   */
  private find(text: string): { id: number; start: number; end: number } | null {
    for (let at = 0; at < text.length; at++) {
      if (this.begins[text.charCodeAt(at)] === 0) continue;
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
        // Adds no second end for consecutive markers, and none for a marker at the beginning.
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
