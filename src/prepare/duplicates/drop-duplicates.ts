// Drops duplicates, and what must not be learned. It also says which of the remaining dialogues are similar, so that the split
// keeps them together.

import type { Dialogue } from '../../corpus/dialogue.js';
import { GrowingIntegers } from '../../corpus/growing-numbers.js';
import { allIndices } from '../../corpus/indices.js';
import type { PreparedDialogue } from '../../corpus/prepared/prepared-dialogue.js';
import { type Drop, withoutDropped } from '../drop.js';
import type { Ledger } from '../ledger.js';
import type { PreparedStore } from '../prepared-store.js';
import { type EnterStage, silently, type Tick } from '../stages.js';
import { ExactDuplicates, normalized } from './exact.js';
import { nearDuplicates } from './near.js';

export interface DuplicateOptions {
  readonly dedupe: 'none' | 'exact' | 'near';
  /** The least similarity of near-duplicates, in (0, 1]. */
  readonly nearThreshold: number;
  /** If it is 0, nothing is split, and nobody asks what is similar. */
  readonly evalRatio: number;
}

export interface WithoutDuplicates {
  readonly kept: PreparedStore;
  /** For each of them, the number of its group of similar dialogues. */
  readonly groups: Int32Array;
}

/** What people say. */
export function spokenText({ turns }: Dialogue): string {
  return turns.flatMap(({ role, text }) => (role === 'system' ? [] : [text])).join('\n');
}

/**
 * @param dialogues is released.
 * @param never texts that must not be learned: dialogues that are similar to one, or that have one as a turn, are dropped
 * whatever the options say.
 */
export function dropDuplicates(
  dialogues: PreparedStore,
  ledger: Ledger,
  { dedupe, nearThreshold, evalRatio }: DuplicateOptions,
  never: readonly string[] = [],
  enter: EnterStage = silently,
): WithoutDuplicates {
  const look = { ticked: enter('equal', dialogues.length), dropsEqual: dedupe !== 'none' };
  const { distinct, isAugmented } = withoutEqual(dialogues, ledger, look, never);
  if (dedupe !== 'near' && never.length === 0 && evalRatio === 0)
    return { kept: distinct, groups: allIndices(distinct.length) };
  const { length } = distinct;
  let comparing: Tick | undefined;
  const { duplicateOf, groups } = nearDuplicates(
    textsOf(distinct, enter('shingles', length)),
    nearThreshold,
    never,
    // An augmented dialogue is similar to its original, and neither must drop the other.
    isAugmented,
    (share) => {
      comparing ??= enter('similar', length);
      comparing(share * length);
    },
  );
  const betters = duplicateOf.subarray(never.length);
  const isDropped = (index: number) => {
    const better = betters[index] ?? 0;
    return better > 0 && (dedupe === 'near' || better <= never.length);
  };
  const judge = (index: number): Drop | undefined => {
    if (!isDropped(index)) return undefined;
    const better = (betters[index] ?? 0) - 1 - never.length;
    if (better < 0) return { rule: 'never-train', reason: 'similar to a text that is never learned' };
    const duplicateOf = distinct.at(better).id;
    return {
      rule: 'near-duplicates',
      reason: 'similar to another dialogue',
      detail: `similar to ${duplicateOf}`,
      duplicateOf,
    };
  };
  const kept = withoutDropped(distinct, ledger, judge, enter('dropping', length));
  return { kept, groups: withoutThose(groups.subarray(never.length), isDropped) };
}

/** In the same memory. `filter` would first make a list of objects of them. */
function withoutThose(groups: Int32Array, isDropped: (index: number) => boolean): Int32Array {
  let left = 0;
  for (let index = 0; index < groups.length; index++)
    if (!isDropped(index)) groups[left++] = groups[index] ?? 0;
  return groups.subarray(0, left);
}

/** A function of its own, so that what finds equal texts is gone before similar ones are looked for. */
function withoutEqual(
  dialogues: PreparedStore,
  ledger: Ledger,
  { dropsEqual, ticked }: { readonly dropsEqual: boolean; readonly ticked: Tick },
  never: readonly string[],
): { readonly distinct: PreparedStore; readonly isAugmented: (index: number) => boolean } {
  const judge = equalJudge(dialogues, dropsEqual, never);
  const augmented = new GrowingIntegers();
  let left = 0;
  const judgeNext = (index: number) => {
    const one = dialogues.at(index);
    const drop = judge(one, index);
    if (drop) return drop;
    if (one.augmented) augmented.push(left);
    left++;
    return undefined;
  };
  const distinct = withoutDropped(dialogues, ledger, judgeNext, ticked);
  if (augmented.length === 0) return { distinct, isAugmented: () => false };
  const marks = new Uint8Array(left);
  for (let place = 0; place < augmented.length; place++) marks[augmented.at(place)] = 1;
  return { distinct, isAugmented: (index) => marks[index] === 1 };
}

/** Judges by equality: with an earlier dialogue, and of turns with what is never learned. */
function equalJudge(dialogues: PreparedStore, dropsEqual: boolean, never: readonly string[]) {
  const seen = new ExactDuplicates();
  /** By the number of a text, where it is first. */
  const firsts = new GrowingIntegers();
  const forbidden = new Set(never.map(normalized));
  return ({ dialogue }: PreparedDialogue, index: number): Drop | undefined => {
    if (forbidden.size > 0 && dialogue.turns.some(({ text }) => forbidden.has(normalized(text))))
      return { rule: 'never-train', reason: 'a turn is a text that is never learned' };
    if (!dropsEqual) return undefined;
    const number = seen.numberOf(spokenText(dialogue));
    if (number === firsts.length) {
      firsts.push(index);
      return undefined;
    }
    const duplicateOf = dialogues.at(firsts.at(number)).id;
    return {
      rule: 'duplicates',
      reason: 'the same as another dialogue',
      detail: `the same as ${duplicateOf}`,
      duplicateOf,
    };
  };
}

function* textsOf(dialogues: PreparedStore, tick: Tick): Generator<string> {
  let done = 0;
  for (const { dialogue } of dialogues) {
    tick(++done);
    yield spokenText(dialogue);
  }
}
