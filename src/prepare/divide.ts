// Divides dialogues into those to train on and those to evaluate on. What is similar, of one record, of one customer, or made
// from the other never stands on both sides. What is known of a dialogue is a few numbers in flat arrays, and no text.

import { divideOriginals, familyOf } from '../corpus/augmented.js';
import { GrowingIntegers } from '../corpus/growing-numbers.js';
import { allIndices, indicesWhere } from '../corpus/indices.js';
import { type PreparedDialogue, parsePrepared } from '../corpus/prepared/prepared-dialogue.js';
import { type Split, split } from '../corpus/split.js';
import { plural } from '../corpus/summary.js';
import { Union } from '../corpus/union.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { Customers } from './customers.js';
import type { PreparedStore } from './prepared-store.js';
import { SeenTexts } from './seen-texts.js';
import { type EnterStage, silently, type Tick } from './stages.js';

export interface DivideOptions {
  readonly evalRatio: number;
  readonly splitBy: 'auto' | 'dialogue' | 'customer' | 'time';
  readonly seed: number;
}

export interface Divided {
  /** Indices in the store, ascending. */
  readonly train: Int32Array;
  readonly evaluation: Int32Array;
  /** What people should know. */
  readonly notes: readonly string[];
}

/** With fewer customers, or one that has more than half of all dialogues, the evaluation would be about one or two people. */
const fewestCustomers = 20;

/** In every line of an augmented dialogue. */
const augmentedKey = '"augmented_from":';

/** @param similar for each dialogue, the number of its group of similar ones. @throws UserError (data) if it cannot be divided. */
export function divide(
  dialogues: PreparedStore,
  similar: Int32Array,
  options: DivideOptions,
  enter: EnterStage = silently,
): Divided {
  const { evalRatio, splitBy, seed } = options;
  if (evalRatio === 0) return { train: allIndices(similar.length), evaluation: new Int32Array(), notes: [] };
  const known = lookAtAll(dialogues, similar, splitBy, enter('split', dialogues.length, 2));
  const isAugmented = (index: number) => known.isAugmented[index] === 1;
  const { train, evaluation } = divideOriginals(known.units, isAugmented, (some, indexOf) =>
    splitBy === 'time'
      ? newestApart(some, (place) => known.times[indexOf(place)] ?? Number.NaN, evalRatio)
      : split(some, evalRatio, seed),
  );
  const left = similar.length - train.length - evaluation.length;
  return {
    train,
    evaluation,
    notes: [
      ...known.notes,
      ...(left > 0
        ? [`${plural(left, 'augmented dialogue')} left out, because the originals are evaluated on`]
        : []),
    ],
  };
}

/** What the division needs to know of all dialogues. */
interface Known {
  /** For each dialogue, the number of those that must stand on one side. */
  readonly units: Int32Array;
  readonly isAugmented: Uint8Array;
  /** When each begins, in milliseconds since 1970; NaN if that is unknown. Empty if nobody asks. */
  readonly times: Float64Array;
  /** What people should know. */
  readonly notes: readonly string[];
}

function lookAtAll(
  dialogues: PreparedStore,
  similar: Int32Array,
  splitBy: DivideOptions['splitBy'],
  tick: Tick,
): Known {
  const { length } = dialogues;
  const isAugmented = new Uint8Array(length);
  const times = new Float64Array(splitBy === 'time' ? length : 0);
  const units = new Union(length);
  joinSimilar(units, similar);
  const families = new Families(dialogues, tick);
  const customers = new Customers();
  const seesCustomers = splitBy === 'customer' || splitBy === 'auto';
  let [index, source] = [0, ''];
  for (const one of dialogues) {
    const { dialogue, augmented } = one;
    if (splitBy === 'time')
      times[index] = dialogue.turns.find(({ time }) => time !== undefined)?.time ?? Number.NaN;
    // Parts of one record follow each other.
    if (index > 0 && dialogue.source === source && augmented === undefined) units.join(index - 1, index);
    source = dialogue.source;
    if (augmented) isAugmented[index] = 1;
    const relative = families.firstOf(one, index);
    if (relative !== undefined) units.join(relative, index);
    if (seesCustomers) customers.see(dialogue, index);
    tick(length + ++index);
  }
  const notes = joinCustomers(units, customers, splitBy, length);
  customers.release();
  return { units: units.takeNumbers(), isAugmented, times, notes };
}

function joinSimilar(units: Union, similar: Int32Array): void {
  // Groups can have larger numbers than there are dialogues, because some of their members were dropped.
  const groups = similar.reduce((most, group) => Math.max(most, group + 1), 0);
  const firsts = new Int32Array(groups).fill(-1);
  for (let index = 0; index < similar.length; index++) {
    const group = similar[index] ?? 0;
    const first = firsts[group] ?? -1;
    if (first >= 0) units.join(first, index);
    else firsts[group] = index;
  }
}

/** @returns what people should know. */
function joinCustomers(
  units: Union,
  customers: Customers,
  splitBy: DivideOptions['splitBy'],
  dialogues: number,
): readonly string[] {
  const { count } = customers;
  if (splitBy === 'customer' && count < 2)
    throw new UserError(
      'corpus-too-small',
      `${option('splitBy', 'customer')} needs dialogues of several customers, but the conversations name ${count}; use ${option('splitBy', 'dialogue')}`,
    );
  const areEnough = count >= fewestCustomers && customers.largest <= dialogues / 2;
  if (splitBy !== 'customer' && !areEnough) return [];
  customers.join(units);
  return [`no customer is both trained and evaluated on; there are ${count}`];
}

/** The families (augmented.ts) of all augmented dialogues, and which of their members comes first. */
class Families {
  private readonly names = new SeenTexts();
  /** By family, 1 plus the index of the first member that was asked about. */
  private readonly firsts = new GrowingIntegers();

  constructor(dialogues: PreparedStore, tick: Tick) {
    for (let index = 0; index < dialogues.length; index++) {
      // Most corpora have no augmented dialogues, and parsing takes long.
      const line = dialogues.line(index);
      if (line.includes(augmentedKey)) this.see(parsePrepared(line, `dialogue ${index + 1}`));
      tick(index + 1);
    }
  }

  private see(one: PreparedDialogue): void {
    if (one.augmented && this.names.numberOf(familyOf(one)) === this.firsts.length) this.firsts.push(0);
  }

  /** @returns the first dialogue of the family of this one that was asked about before, if there is one. */
  firstOf(one: PreparedDialogue, index: number): number | undefined {
    const family = this.names.count === 0 ? undefined : this.names.find(familyOf(one));
    if (family === undefined) return undefined;
    const first = this.firsts.at(family) - 1;
    if (first >= 0) return first;
    this.firsts.set(family, index + 1);
    return undefined;
  }
}

/** Evaluates on the units whose dialogues are all among the newest. Without a time, a dialogue counts as old. */
function newestApart(units: Int32Array, timeOf: (index: number) => number, ratio: number): Split {
  const { length } = units;
  const known = new Float64Array(length);
  let count = 0;
  for (let index = 0; index < length; index++) {
    const time = timeOf(index);
    if (!Number.isNaN(time)) known[count++] = time;
  }
  const sorted = known.subarray(0, count).sort();
  const wanted = Math.max(1, Math.round(ratio * length));
  const since = sorted[count - wanted];
  if (since === undefined || sorted[0] === sorted.at(-1))
    throw new UserError(
      'corpus-too-small',
      `${option('splitBy', 'time')} needs dialogues with times, but only ${count} of ${length} have one, or all have the same; use ${option('splitBy', 'dialogue')}`,
    );
  const isOld = new Uint8Array(length);
  for (const [index, unit] of units.entries()) if (!(timeOf(index) >= since)) isOld[unit] = 1;
  const isNew = (index: number) => isOld[units[index] ?? 0] === 0;
  return { train: indicesWhere(length, (index) => !isNew(index)), evaluation: indicesWhere(length, isNew) };
}
