// Judges what augmenters make of a turn. It is the same for all of them, so an augmenter need not be careful. It refuses too
// much rather than too little: a variant that says something else teaches a wrong answer, and a refused one costs nothing.

import { isAnotherForm } from './english-forms.js';
import { negations } from './negations.js';
import { numbersIn } from './numbers.js';

/** A variant is at least half and at most twice as long, unless it differs by so few characters. */
const fewCharacters = 4;

type Test = (before: string, after: string, names: readonly string[]) => boolean;

/** What is counted if a variant is refused, and when it is. The first that applies is the reason. */
const objections: readonly (readonly [reason: string, applies: Test])[] = [
  ['empty', (_, after) => lettersOf(after) === ''],
  ['placeholders changed', changed(/\[[A-Z][A-Z_]*(?:_\d+)?\]|<[/A-Za-z][^<>\s]*>|\{\w+\}/g)],
  ['identical', (before, after) => lettersOf(before) === lettersOf(after)],
  ['numbers changed', (before, after) => differ(numbersIn(before), numbersIn(after))],
  [
    'a link, an address or a hashtag changed',
    changed(/\bhttps?:\/\/\S+|\bwww\.\S+|[^\s@]{1,64}@[^\s@]+|[@#][\p{L}\p{N}_]+/gu),
  ],
  ['emoji changed', changed(emoji())],
  ['negation changed', (before, after) => negations(before) !== negations(after)],
  ['a name changed', (before, after, names) => names.some((name) => losesName(name, before, after))],
  ['a capitalized word changed', losesCapitalized],
  ['length changed', (before, after) => isAnotherLength([...before.trim()].length, [...after.trim()].length)],
  ['another script', (before, after) => differ(scriptsOf(before), scriptsOf(after))],
  ['words repeated', (before, after) => !repeats(before) && repeats(after)],
  ['the form of a word changed', isAnotherForm],
];

/** Every reason for which a variant can be refused. */
export const reasons: readonly string[] = objections.map(([reason]) => reason);

/**
 * @param names of the dialogue's speakers.
 * @returns why a variant is refused, or null. The reason is counted, so it holds nothing of the texts.
 */
export function objection(before: string, after: string, names: readonly string[] = []): string | null {
  return objections.find(([, applies]) => applies(before, after, names))?.[0] ?? null;
}

function lettersOf(text: string): string {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]/gu) ?? []
  ).join('');
}

/** Whether two lists hold different things, in any order. */
function differ(one: readonly string[], other: readonly string[]): boolean {
  return one.length !== other.length || [...one].sort().join('\n') !== [...other].sort().join('\n');
}

function changed(pattern: RegExp): Test {
  return (before, after) => differ(before.match(pattern) ?? [], after.match(pattern) ?? []);
}

function emoji(): RegExp {
  const one = '\\p{Extended_Pictographic}[\\u{1f3fb}-\\u{1f3ff}]?\\ufe0f?';
  return new RegExp(`${one}(?:\\u200d${one})*|\\p{Regional_Indicator}{2}`, 'gu');
}

/** A name stands as often in the variant, and so does each of its words. */
function losesName(name: string, before: string, after: string): boolean {
  const words = [name, ...name.split(/\s+/)].filter((word) => word.length > 1);
  return words.some((word) => occurrences(word, before) !== occurrences(word, after));
}

function occurrences(word: string, text: string): number {
  const [sought, searched] = [word.toLowerCase(), text.toLowerCase()];
  let count = 0;
  for (let at = searched.indexOf(sought); at >= 0; at = searched.indexOf(sought, at + sought.length))
    if (!isLetter(searched[at - 1], sought) && !isLetter(searched[at + sought.length], sought)) count++;
  return count;
}

/** Whether a neighbour belongs to the same word. In scripts without spaces, every place is the end of a word. */
function isLetter(neighbour: string | undefined, word: string): boolean {
  return neighbour !== undefined && !/\p{Script=Han}/u.test(word) && /[\p{L}\p{M}\p{N}]/u.test(neighbour);
}

/** German writes all nouns with a capital letter, so capitals tell nothing there. */
const german = /\b(?:ich|und|nicht|ist|der|das|ein|eine|wir|Sie)\b/;

/** Whether a word with a capital letter, which may be a name, is lost. The first word of a sentence has one anyway. */
function losesCapitalized(before: string, after: string): boolean {
  const words = before.match(/\p{L}[\p{L}\p{M}'’]*/gu) ?? [];
  const capitalized = before.match(/(?<=[\p{L}\p{N},;:)"'’-]\s)\p{Lu}[\p{L}\p{M}]+|\b\p{Lu}{2,}\b/gu) ?? [];
  if (2 * capitalized.length > words.length || german.test(before)) return false;
  return [...new Set(capitalized)].some((word) => occurrences(word, before) > occurrences(word, after));
}

function isAnotherLength(before: number, after: number): boolean {
  return (after > 2 * before || before > 2 * after) && Math.abs(after - before) > fewCharacters;
}

const scripts = ['Latin', 'Han', 'Cyrillic', 'Hiragana', 'Hangul', 'Arabic'].map(
  (name) => [name, new RegExp(`\\p{Script=${name}}`, 'gu')] as const,
);

/** The script of most letters. */
function scriptsOf(text: string): readonly string[] {
  const counts = scripts.map(([name, pattern]) => [name, text.match(pattern)?.length ?? 0] as const);
  const most = Math.max(...counts.map(([, count]) => count));
  return most === 0
    ? []
    : counts
        .filter(([, count]) => count === most)
        .map(([name]) => name)
        .slice(0, 1);
}

/** Translators that fail say one thing again and again. */
function repeats(text: string): boolean {
  return /(?:^|[^\p{L}])(\p{L}{1,30})(?:[\s,.]+\1){3}(?!\p{L})|(\p{Script=Han}{1,8}?)\2{3}/u.test(text);
}
