// Places in a text where a word can be replaced, and the text with some of them replaced. Languages find the places; which of them
// are used is left to chance.

import type { Random } from '../../../random.js';

export interface Candidate {
  /** The word stands from here to `end` in the text. */
  readonly start: number;
  readonly end: number;
  /** At least one. */
  readonly replacements: readonly string[];
}

/**
 * Replaces the share of the candidates, each independent of the others.
 * @param candidates in the order of the text, without overlaps.
 * @returns null if none is replaced.
 */
export function replaceSome(
  text: string,
  candidates: readonly Candidate[],
  share: number,
  random: Random,
): string | null {
  let said = '';
  let done = 0;
  for (const { start, end, replacements } of candidates) {
    // Both are drawn in any case, so that a longer list of synonyms changes only its own word.
    const isChosen = random.next() < share * 2 ** 32;
    const choice = replacements[random.below(replacements.length)];
    if (!isChosen || choice === undefined) continue;
    said += withArticle(text.slice(done, start), choice) + choice;
    done = end;
  }
  return done === 0 ? null : said + text.slice(done);
}

const article = /(?<![A-Za-z'’-])(a|A|an|An|AN)( +)$/;
/** Letters that are not spoken as the spelling says. */
const spokenVowel = /^(?:hour|hono|heir|honest)/i;
const spokenConsonant = /^(?:uni(?![nm])|us[aeu]|eu|one|once|ut[ei]|ubi)/i;

/** The text before a word, with "a" or "an" as the word wants it. */
function withArticle(before: string, word: string): string {
  if (!/^[A-Za-z]/.test(word)) return before;
  const isVowel = spokenVowel.test(word) || (/^[aeiou]/i.test(word) && !spokenConsonant.test(word));
  return before.replace(article, (_, found: string, space: string) => {
    const first = found.charAt(0);
    if (!isVowel) return first + space;
    // "A" begins a sentence, or all letters are capitals.
    const isShouted = word.length > 1 && word === word.toUpperCase() && first === 'A';
    return first + (isShouted ? 'N' : 'n') + space;
  });
}
