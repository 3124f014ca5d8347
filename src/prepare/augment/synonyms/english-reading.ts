// Decides from the words around it how a word is read: "a book" or "to book". It knows only words that English has few of
// (articles, pronouns, auxiliaries), so it often does not know; then the word stays as it is.

import type { Reading, Tag } from './english-table.js';

/** The words of the same clause in small letters, nearest first. */
export interface Around {
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Words that are mostly nouns. */
  readonly nouns: ReadonlySet<string>;
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

const determiners = words(
  `a an the my your his her our their its this that these those some any no every each another either neither which whose what
  many few several both all more most enough other such`,
);
const subjects = words("i you we they he she it who everyone everybody someone somebody y'all ya u");
/** Subjects of the forms without and with an s. */
const plural = words('i you we they who');
const singular = words('he she it who everyone everybody');
/** "The purse that cost much". */
const relatives = words('that which who whose');
const articles = words('a an the my your his our their its');
const beforeIng = words('keep kept started stopped stop hate enjoy');
const objects = words('me him us them you it her myself yourself everyone');
const modals = words(
  `to will would can could should shall may might must do does did don't doesn't didn't won't wouldn't can't cannot couldn't
  shouldn't let's gonna wanna gotta please i'll you'll we'll they'll he'll she'll it'll`,
);
const haves = words("have has had having i've you've we've they've haven't hasn't hadn't");
const bes = words(
  "be is are was were been being am i'm you're we're they're isn't aren't wasn't weren't get got getting gotten",
);
const hasOrIs = words("he's she's it's that's who's what's there's");
const links =
  words(`seem seems seemed sound sounds sounded look looks looked feel feels felt taste tastes smell smells stay become
  became`);
const intensifiers = words('very so too really pretty quite rather extremely super as more less most');
const prepositions = words(
  'for with of in on at by from about without into after before over under during through like as than per via between',
);
const others = words(
  `and or but if because when while where why how then than there here not never too also just only again now today tomorrow
  yesterday is are was were be been am do does did has have had will would can could should may might must to me him us them
  myself yourself i you we he she it they who whom whose that this these those what which lol haha ok okay please though although
  since until unless so yet yes yeah no isn't aren't wasn't weren't don't doesn't didn't won't can't i'm i've i'll it's`,
);
const negations = words(
  "not never isn't aren't wasn't weren't don't doesn't didn't ain't nor neither no n't cannot can't won't",
);

/** Words with which a clause goes on, so that what stands before them is complete. */
const isClosed = (word: string | undefined) =>
  word === undefined || others.has(word) || prepositions.has(word) || determiners.has(word);
const isAdverb = (word: string) =>
  (word.length > 4 && word.endsWith('ly')) || /^(?:just|also|always|never|not|often|still|even)$/.test(word);

/** The replacements of a word, if it is clear how it is read. */
export function replacementsHere(readings: readonly Reading[], around: Around): readonly string[] {
  const possible = readings.length === 1 ? readings : readings.filter(({ tag }) => fitting[tag](around));
  const [first] = possible;
  if (first === undefined || !possible.every((other) => isSame(first, other))) return [];
  return possible.some(({ tag }) => isPart(tag, around)) ? [] : first.replacements;
}

function isSame(one: Reading, other: Reading): boolean {
  return one.replacements.join() === other.replacements.join();
}

const fitting: Readonly<Record<Tag, (around: Around) => boolean>> = {
  v: ({ before }) => isIn(spokenBefore(before), modals, plural),
  vs: ({ before }) => isIn(spokenBefore(before), singular),
  vd: ({ before }) => isIn(spokenBefore(before), subjects) && !isAskedWithHave(before),
  vn: ({ before }) => isIn(spokenBefore(before), haves, bes, hasOrIs) || isAskedWithHave(before),
  vg: ({ before, after }) => isIn(spokenBefore(before), bes, hasOrIs, beforeIng) && after[0] !== 'of',
  n: (around) => isNoun(around) || isDescribedNoun(around),
  ns: (around) => isNoun(around) || (/^\d+$/.test(around.before[0] ?? '') && isClosed(around.after[0])),
  a: ({ before: [last], after: [next] }) =>
    isIn(last, bes, hasOrIs, intensifiers, links)
      ? isClosed(next)
      : isIn(last, determiners) && !isClosed(next),
  i: () => true,
  r: ({ before: [last], after: [next] }) =>
    last !== undefined && next !== undefined && !determiners.has(last),
};

/** "Have you ever ...?" */
function isAskedWithHave(before: readonly string[]): boolean {
  const [subject, auxiliary] = before.filter((word) => !isAdverb(word) && word !== 'ever');
  return subject !== undefined && subjects.has(subject) && isIn(auxiliary, haves, bes);
}

function isNoun({ before: [last], after: [next] }: Around): boolean {
  if (!isClosed(next) || isIn(next, objects, articles)) return false;
  return isIn(last, determiners, prepositions) && !isIn(last, subjects, relatives);
}

/** "A big help", but not "my mom shops" or "the dogs help". */
function isDescribedNoun({ before: [last, last2], after: [next], nouns }: Around): boolean {
  if (last === undefined || !isClosed(next) || isIn(next, objects, articles)) return false;
  return isIn(last2, determiners) && !last.endsWith('s') && !isClosed(last) && !isIn(last, modals, nouns);
}

/** The word before, without adverbs: "I really like". */
function spokenBefore(before: readonly string[]): string | undefined {
  return before.find((word) => !isAdverb(word));
}

function isIn(word: string | undefined, ...sets: readonly ReadonlySet<string>[]): boolean {
  return word !== undefined && sets.some((set) => set.has(word));
}

const particles = words('up out off down over away back along apart around through together forward ahead');
/** Words that are names or titles after these, as in "my dog named ...". */
const namings = words('named called name nicknamed mr mrs ms miss dr titled');

/** Whether the word belongs to others around it, so that it cannot be replaced alone. */
function isPart(tag: Tag, { before, after, nouns }: Around): boolean {
  const [last, last2] = before;
  const [next] = after;
  if (last !== undefined && namings.has(last)) return true;
  if (last2 === 'name' && last !== undefined && /^(?:is|was)$/.test(last)) return true;
  if (tag === 'n') return next !== undefined && nouns.has(next);
  if (tag === 'a') return last !== undefined && negations.has(last);
  if (tag === 'r')
    return (
      next === undefined ||
      negations.has(next) ||
      /^(?:and|or|but|if|enough|after|before)$/.test(next) ||
      (last !== undefined && negations.has(last))
    );
  if (tag.startsWith('v')) {
    if (after.slice(0, 2).some((word) => particles.has(word))) return true;
    return after[2] !== undefined && /^(?:up|out|off|back|away)$/.test(after[2]);
  }
  return false;
}

/** The share of words that only English has so often, for telling English from other languages with the same letters. */
export function englishShare(tokens: readonly string[]): number {
  if (tokens.length === 0) return 0;
  const common = tokens.filter(
    (token) =>
      modals.has(token) ||
      determiners.has(token) ||
      subjects.has(token) ||
      others.has(token) ||
      prepositions.has(token),
  );
  return common.length / tokens.length;
}
