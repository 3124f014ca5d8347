// How similar two questions are, from 0 to 1: the mean of how few letters must change, and of how much of their rare words
// they share. The first forgives misspelt words, the second other orders and small words.

import { distance } from 'fastest-levenshtein';
import { lightWords, withoutPoliteness } from './light-words.js';
import { piecesOf, termsOf } from './terms.js';

/** Knows how rare terms are: `Postings`. */
export interface Rarity {
  idf(term: string): number;
  has(term: string): boolean;
}

/** A question that others are compared with. */
export interface Asked {
  /** Normalized. */
  readonly text: string;
  /** Without politeness. */
  readonly plain: string;
  /** The terms of `plain`. */
  readonly terms: readonly string[];
}

/** @param text normalized. */
export function asked(text: string): Asked {
  const plain = withoutPoliteness(text);
  return { text, plain, terms: termsOf(plain) };
}

/** The weight of what is said for politeness. */
const politeness = 0.02;

/** @returns 1 only for equal texts. */
export function similarity(one: Asked, other: Asked, rarity: Rarity): number {
  if (one.text === other.text) return 1;
  const overlap = rareOverlap(one.terms, other.terms, rarity);
  return similarityOf(editRatio(one.plain, other.plain), overlap, editRatio(one.text, other.text));
}

/**
 * Grows with each of the three.
 * @param plainRatio edit ratio without politeness. @param overlap `rareOverlap`. @param ratio edit ratio of the whole texts.
 */
export function similarityOf(plainRatio: number, overlap: number, ratio: number): number {
  // Politeness only decides between questions that are alike without it.
  return (1 - politeness) * ((plainRatio + overlap) / 2) + politeness * ratio;
}

/** 1 minus the share of characters that must be inserted, deleted or replaced (Levenshtein). */
export function editRatio(one: string, other: string): number {
  const longest = Math.max(one.length, other.length);
  return longest === 0 ? 1 : 1 - distance(one, other) / longest;
}

/**
 * How far two different words are one word, misspelt: 0 if they are not. Of two words that are both known, only one that ends
 * like the other continued is taken for the same: "order" and "orders", but not "mother" and "father".
 */
function misspelling(one: string, other: string, rarity: Rarity): number {
  // Most pairs end here, before anything is looked up.
  return isFarLonger(one, other) ? 0 : misspelt(one, other, rarity.has(one) && rarity.has(other));
}

/** As `misspelling`. @param areKnown whether both words are. */
export function misspelt(one: string, other: string, areKnown: boolean): number {
  if (isFarLonger(one, other)) return 0;
  const longest = Math.max(one.length, other.length);
  const shortest = Math.min(one.length, other.length);
  const continues =
    shortest >= 3 && longest - shortest <= 2 && (one.startsWith(other) || other.startsWith(one));
  if (!continues && areKnown) return 0;
  if (isNumber(one) || isNumber(other)) return 0;
  const changed = distance(one, other);
  const most = longest <= 5 ? 1 : longest <= 9 ? 2 : 3;
  if (changed <= most || (continues && areKnown)) return 1 - changed / longest;
  return haveSameLetters(one, other) ? swapped : 0;
}

/** At least as many letters must change as one has more. One letter alone is no misspelt word. */
function isFarLonger(one: string, other: string): boolean {
  return Math.min(one.length, other.length) < 2 || Math.abs(one.length - other.length) > 3;
}

/** How far words of the same letters in another order are the same. */
const swapped = 0.8;

function haveSameLetters(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  // Most words are told apart by a sum, which costs less than sorting.
  let difference = 0;
  for (let index = 0; index < one.length; index++)
    difference += one.charCodeAt(index) - other.charCodeAt(index);
  return difference === 0 && sortedLetters(one) === sortedLetters(other);
}

function sortedLetters(text: string): string {
  return [...text].sort().join('');
}
/** So many words without a partner are compared with those of the other side. */
export const mostCompared = 12;

/**
 * The rarity of the common terms divided by that of all: Jaccard's index weighted by IDF. A term that nearly is one of the
 * other side counts as that one, as far as the two agree.
 */
export function rareOverlap(one: readonly string[], other: readonly string[], rarity: Rarity): number {
  const others = new Set(other);
  const alone: string[] = [];
  let common = 0;
  for (const term of one)
    if (others.delete(term)) common += rarity.idf(term);
    else alone.push(term);
  let all = common;
  const known = new Map<string, boolean>();
  const once: Rarity = {
    idf: (term) => rarity.idf(term),
    has: (term) => {
      const before = known.get(term);
      if (before !== undefined) return before;
      const now = rarity.has(term);
      known.set(term, now);
      return now;
    },
  };
  for (const term of alone) {
    const near =
      others.size <= mostCompared && alone.length <= mostCompared ? nearestOf(term, others, once) : null;
    if (near === null) {
      all += rarity.idf(term);
      continue;
    }
    others.delete(near.term);
    // A misspelt word is unknown, and so the rarest of all: the rarity of the right one counts.
    const idf = Math.min(rarity.idf(near.term), rarity.idf(term));
    common += near.ratio * idf;
    all += idf;
  }
  for (const term of others) all += rarity.idf(term);
  return all === 0 ? 0 : common / all;
}

function nearestOf(
  term: string,
  others: ReadonlySet<string>,
  rarity: Rarity,
): { term: string; ratio: number } | null {
  let best: { term: string; ratio: number } | null = null;
  for (const other of others) {
    const ratio = misspelling(term, other, rarity);
    if (ratio > (best?.ratio ?? 0)) best = { term: other, ratio };
  }
  return best;
}

/** Texts with more pieces are told apart by their score alone. */
const mostPieces = 80;

/**
 * Whether the questions differ in what they are about: at one place, each has a heavy word that is no misspelling of the
 * other's, as in "I need a job" and "I need a car". Numbers are always heavy.
 * @param heavy from this idf on, a word matters.
 */
export function differsInContent(one: Asked, other: Asked, rarity: Rarity, heavy: number): boolean {
  const [ones, others] = [piecesOf(one.plain), piecesOf(other.plain)];
  if (ones.length > mostPieces || others.length > mostPieces) return false;
  const isHeavy = (piece: string) =>
    isNumber(piece) || (!lightWords.has(piece) && (isSingle(piece) || rarity.idf(piece) >= heavy));
  return replacements(ones, others).some(([gone, come]) => {
    if (!gone.some(isHeavy) || !come.some(isHeavy)) return false;
    if (gone.some(isNumber) && come.some(isNumber)) return true;
    // Joined or divided words are unknown, and so may be misspelt.
    if (misspelling(gone.join(''), come.join(''), rarity) > 0) return false;
    // A misspelt word may stand beside words that are missing: "wheer" for "where do".
    const meansAll = (some: readonly string[], all: readonly string[]) =>
      all.filter(isHeavy).every((piece) => some.some((one) => misspelling(one, piece, rarity) > 0));
    return !meansAll(gone, come) && !meansAll(come, gone);
  });
}

/** A dense character. */
function isSingle(piece: string): boolean {
  return piece.length <= 2 && /^[^\p{Script=Latin}\p{N}]$/u.test(piece);
}

function isNumber(term: string): boolean {
  const first = term.charCodeAt(0);
  // Most words begin with a letter of ASCII.
  if (first > 0x39 && first < 0x80) return false;
  return /^\p{N}+$/u.test(term);
}

/** The stretches of one sequence that stand where the other has something else, by the longest common subsequence. */
export function replacements(
  ones: readonly string[],
  others: readonly string[],
): (readonly [readonly string[], readonly string[]])[] {
  const width = others.length + 1;
  const longest = new Uint16Array((ones.length + 1) * width);
  for (let i = ones.length - 1; i >= 0; i--)
    for (let j = others.length - 1; j >= 0; j--)
      longest[i * width + j] =
        ones[i] === others[j]
          ? 1 + (longest[(i + 1) * width + j + 1] ?? 0)
          : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
  const found: (readonly [string[], string[]])[] = [];
  let [gone, come]: [string[], string[]] = [[], []];
  const end = () => {
    if (gone.length > 0 && come.length > 0) found.push([gone, come]);
    [gone, come] = [[], []];
  };
  let [i, j] = [0, 0];
  while (i < ones.length || j < others.length) {
    const [one, other] = [ones[i], others[j]];
    if (one !== undefined && one === other) {
      end();
      i++;
      j++;
    } else if (
      other === undefined ||
      (one !== undefined && (longest[(i + 1) * width + j] ?? 0) >= (longest[i * width + j + 1] ?? 0))
    ) {
      gone.push(one ?? '');
      i++;
    } else {
      come.push(other);
      j++;
    }
  }
  end();
  return found;
}
