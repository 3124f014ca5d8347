// Finds the duplicates that `prepare` would drop, and the largest groups of them.

import type { Dialogue } from '../../corpus/dialogue.js';
import { GrowingIntegers } from '../../corpus/growing-numbers.js';
import { spokenText } from '../duplicates/drop-duplicates.js';
import { ExactDuplicates } from '../duplicates/exact.js';
import { nearDuplicates } from '../duplicates/near.js';
import type { PreparedStore } from '../prepared-store.js';

export interface DuplicateGroup {
  /** How many dialogues are in it. */
  readonly size: number;
  /** The first ones. */
  readonly members: readonly Dialogue[];
}

export interface Duplicates {
  /** Dialogues that equal an earlier one. */
  readonly exact: number;
  /** Others that are similar to a better one. */
  readonly near: number;
  /** The largest first. */
  readonly exactGroups: readonly DuplicateGroup[];
  readonly nearGroups: readonly DuplicateGroup[];
}

const mostGroups = 8;
const mostMembers = 3;

/** @param threshold the least similarity of near-duplicates. */
export function findDuplicates(dialogues: PreparedStore, threshold: number): Duplicates {
  const seen = new ExactDuplicates();
  const numbers = new GrowingIntegers();
  /** By the number of a text, where it is first. */
  const firsts = new GrowingIntegers();
  let index = 0;
  for (const { dialogue } of dialogues) {
    const number = seen.numberOf(spokenText(dialogue));
    if (number === firsts.length) firsts.push(index);
    numbers.push(number);
    index++;
  }
  const { duplicateOf, groups } = nearDuplicates(distinctTexts(dialogues, firsts), threshold);
  const near = duplicateOf.reduce((count, better) => count + (better > 0 ? 1 : 0), 0);
  return {
    exact: dialogues.length - firsts.length,
    near,
    exactGroups: largestGroups(
      numbers.length,
      (dialogue) => numbers.at(dialogue),
      (dialogue) => dialogues.at(dialogue).dialogue,
    ),
    nearGroups: largestGroups(
      groups.length,
      (text) => groups[text] ?? 0,
      (text) => dialogues.at(firsts.at(text)).dialogue,
    ),
  };
}

function* distinctTexts(dialogues: PreparedStore, firsts: GrowingIntegers): Generator<string> {
  for (let text = 0; text < firsts.length; text++) yield spokenText(dialogues.at(firsts.at(text)).dialogue);
}

/** @param groupOf the group of each of `count` things, less than `count`. */
function largestGroups(
  count: number,
  groupOf: (index: number) => number,
  dialogueAt: (index: number) => Dialogue,
): readonly DuplicateGroup[] {
  const sizes = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    const group = groupOf(index);
    sizes[group] = (sizes[group] ?? 0) + 1;
  }
  const members = new Map<number, number[]>();
  for (const group of largest(sizes)) members.set(group, []);
  for (let index = 0; index < count; index++) {
    const first = members.get(groupOf(index));
    if (first && first.length < mostMembers) first.push(index);
  }
  return [...members].map(([group, first]) => ({
    size: sizes[group] ?? 0,
    members: first.map(dialogueAt),
  }));
}

/** The numbers of the largest groups with more than one member. Of equal ones the first. */
function largest(sizes: Uint32Array): readonly number[] {
  let found: number[] = [];
  const sizeOf = (group: number | undefined) => (group === undefined ? 1 : (sizes[group] ?? 0));
  for (const [group, size] of sizes.entries()) {
    if (size <= (found.length < mostGroups ? 1 : sizeOf(found.at(-1)))) continue;
    found = [...found, group].sort((one, other) => sizeOf(other) - sizeOf(one) || one - other);
    found.length = Math.min(found.length, mostGroups);
  }
  return found;
}
