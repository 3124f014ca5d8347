// What a bot does not talk about: words that a message or a reply of the model must not have. A person writes them into the
// section `blocked:` of a bot file. The answers of rules and learned answers are the owner's own, and not looked at.

import type { WordList } from '../prepare/unsafe/word-list.js';
import type { ByLanguage } from './language.js';

export interface Blocked {
  readonly words: WordList;
  /** Said to a message with one of the words: one of these. */
  readonly answer: ByLanguage<readonly string[]>;
}

export const blockedAnswer: Blocked['answer'] = {
  en: ["I'd rather not talk about that."],
  zh: ['这个话题我不方便讨论。'],
};

const openWord = /(?<![\p{L}\p{N}\p{M}'’])[\p{L}\p{N}\p{M}'’]+$/u;

/** A reply while it grows. What could still become one of the words is held back. */
export class GuardedReply {
  private shown = '';
  private text = '';
  private isBroken = false;

  /** @param show takes the pieces that are surely none of the words. */
  constructor(
    private readonly words: WordList,
    private readonly show: (piece: string) => void,
  ) {}

  readonly push = (piece: string): void => {
    this.text += piece;
    // The last word can still grow: "ass" may become "assistant".
    const settled = this.text.replace(openWord, '');
    this.isBroken ||= this.words.isIn(settled);
    if (!this.isBroken) this.showUntil(settled.length - this.words.longest - 1);
  };

  /** @param text the whole reply. @returns what of it is said: all, or the part that was shown; null: nothing. */
  end(text: string): string | null {
    if (this.isBroken || this.words.isIn(text)) return this.shown === '' ? null : this.shown;
    this.text = text;
    this.showUntil(text.length);
    return text;
  }

  private showUntil(end: number): void {
    if (end <= this.shown.length) return;
    const piece = this.text.slice(this.shown.length, end);
    this.shown += piece;
    this.show(piece);
  }
}
