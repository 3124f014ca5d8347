// Words that mean the same in questions, as a person lists them. Each is replaced by the first of its group, in questions and in
// what is known alike, so to everything that compares questions they are one word. The longest one at a place counts.

import { normalize } from '../normalize.js';

/** Words or phrases of one meaning. */
export type SynonymGroup = readonly string[];

const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30FC\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const inWord = /[\p{L}\p{M}\p{N}]/u;
const isInWord = (character: string) => inWord.test(character) && !unspaced.test(character);

/** The form in which a word of a group is compared. */
export type WordForm = (text: string) => string;

/** @returns replaces the words of groups in a text of the same form. */
export function synonymReplacer(groups: readonly SynonymGroup[], form: WordForm = normalize): WordForm {
  /** By its first character: words with what stands for them, longest first. */
  const byStart = new Map<string, { readonly word: string; readonly first: string }[]>();
  for (const [first = '', ...others] of groups.map((group) => group.map(form)))
    for (const word of [first, ...others]) {
      const start = word.charAt(0);
      if (start !== '') byStart.set(start, [...(byStart.get(start) ?? []), { word, first }]);
    }
  for (const words of byStart.values()) words.sort((one, other) => other.word.length - one.word.length);
  if (byStart.size === 0) return (text) => text;
  return (text) => {
    let result = '';
    for (let at = 0; at < text.length; ) {
      const found = byStart.get(text.charAt(at))?.find(({ word }) => standsAt(text, word, at));
      result += found?.first ?? text.charAt(at);
      at += found?.word.length ?? 1;
    }
    return result;
  };
}

/** Whether a word stands at a place, and not as a part of a longer one: in scripts without spaces it may. */
function standsAt(text: string, word: string, at: number): boolean {
  if (!text.startsWith(word, at)) return false;
  return !joins(text, at) && !joins(text, at + word.length);
}

/** Whether the characters before and after a place are of one word. */
function joins(text: string, at: number): boolean {
  return at > 0 && at < text.length && isInWord(text.charAt(at - 1)) && isInWord(text.charAt(at));
}
