// The words of a text in any language. Chinese and Japanese put no spaces between words, so each of their characters counts
// as a word.

const word =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}\p{N}'’_-])+/gu;

export function wordsOf(text: string): readonly string[] {
  return text.match(word) ?? [];
}

/** The number of words. */
export function wordsIn(text: string): number {
  return wordsOf(text).length;
}
