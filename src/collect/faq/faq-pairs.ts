// All question-answer pairs of a page. What a page declares as questions comes first, then what looks like questions. The
// same question in several forms (many pages have each in JSON-LD and in the text) is taken once.

import type { Element } from '../html-tree.js';
import { pairsInDescriptionLists, pairsInDetails, pairsUnderHeadings } from './elements.js';
import { pairsInJsonLd } from './json-ld.js';
import { pairsInMicrodata } from './microdata.js';
import { type Pair, tidyAnswer, tidyQuestion } from './question.js';

/** What was left out of a page. The values name it in reports. */
export const leftOut = {
  broken: 'JSON-LD that is not valid JSON',
  empty: 'question without an answer',
  long: 'answer of more than 10,000 characters',
} as const;

const longestAnswer = 10_000;

/** @param onLeftOut is called for each thing that was left out. */
export function faqPairs(page: Element, onLeftOut: (what: keyof typeof leftOut) => void): Pair[] {
  const found = [
    ...pairsInJsonLd(page, () => onLeftOut('broken')),
    ...pairsInMicrodata(page),
    ...pairsInDetails(page),
    ...pairsInDescriptionLists(page),
    ...pairsUnderHeadings(page),
  ];
  const pairs = new Map<string, Pair>();
  const unanswered = new Map<string, keyof typeof leftOut>();
  for (const { question: asked, answer: given } of found) {
    const [question, answer] = [tidyQuestion(asked), tidyAnswer(given)];
    const key = comparable(question);
    if (key === '' || pairs.has(key)) continue;
    if (answer === '' || answer.length > longestAnswer) unanswered.set(key, answer === '' ? 'empty' : 'long');
    else pairs.set(key, { question, answer });
  }
  for (const [key, what] of unanswered) if (!pairs.has(key)) onLeftOut(what);
  return [...pairs.values()];
}

/** Equal for texts that differ only in case, white space and punctuation. */
export function comparable(text: string): string {
  return text
    .toLowerCase()
    .replace(/[\s\p{P}\p{S}]+/gu, ' ')
    .trim();
}
