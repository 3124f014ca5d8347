// Divides dialogues into those to train on and those to evaluate on. What is similar, of one record, of one customer, or made
// from the other never stands on both sides.

import { divideOriginals, familyOf } from '../corpus/augmented.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { type Split, split } from '../corpus/split.js';
import { plural } from '../corpus/summary.js';
import { Union } from '../corpus/union.js';
import { UserError } from '../errors.js';
import { option } from '../option-names.js';
import { turnsOf } from './customer.js';
import type { PreparedStore } from './prepared-store.js';
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

/** @param similar for each dialogue, the number of its group of similar ones. @throws UserError (data) if it cannot be divided. */
export function divide(
  dialogues: PreparedStore,
  similar: Int32Array,
  options: DivideOptions,
  enter: EnterStage = silently,
): Divided {
  const { evalRatio, splitBy, seed } = options;
  if (evalRatio === 0) return { train: allIndices(similar.length), evaluation: new Int32Array(), notes: [] };
  const seen = new Seen(dialogues, similar, splitBy === 'time', enter('split', dialogues.length, 2));
  const { customers, largest } = seen;
  if (splitBy === 'customer' && customers < 2)
    throw new UserError(
      'corpus-too-small',
      `${option('splitBy', 'customer')} needs dialogues of several customers, but the conversations name ${customers}; use ${option('splitBy', 'dialogue')}`,
    );
  const areEnough = customers >= fewestCustomers && largest <= dialogues.length / 2;
  const byCustomer = splitBy === 'customer' || (splitBy === 'auto' && areEnough);
  const units = (byCustomer ? seen.byCustomer : seen.units).numbers();
  const isAugmented = (index: number) => seen.isAugmented[index] === 1;
  const { train, evaluation } = divideOriginals(units, isAugmented, (some, indices) =>
    splitBy === 'time'
      ? newestApart(
          some,
          Float64Array.from(indices, (index) => seen.times[index] ?? Number.NaN),
          evalRatio,
        )
      : split(some, evalRatio, seed),
  );
  const left = units.length - train.length - evaluation.length;
  return {
    train,
    evaluation,
    notes: [
      ...(byCustomer ? [`no customer is both trained and evaluated on; there are ${customers}`] : []),
      ...(left > 0
        ? [`${plural(left, 'augmented dialogue')} left out, because the originals are evaluated on`]
        : []),
    ],
  };
}

/** What the division needs to know of all dialogues. */
class Seen {
  readonly isAugmented: Uint8Array;
  /** When each begins, in milliseconds since 1970; NaN if that is unknown. Empty if nobody asks. */
  readonly times: Float64Array;
  /** Dialogues that must stand on one side. */
  readonly units: Union;
  /** The same, with all dialogues of a customer. */
  readonly byCustomer: Union;
  /** The number of customers, and the number of dialogues of the one that has most. */
  customers = 0;
  largest = 0;

  constructor(dialogues: PreparedStore, similar: Int32Array, needsTimes: boolean, tick: Tick) {
    const { length } = dialogues;
    this.isAugmented = new Uint8Array(length);
    this.times = new Float64Array(needsTimes ? length : 0);
    this.units = new Union(length);
    this.byCustomer = new Union(length);
    this.joinSimilar(similar);
    const origins = new Map<string, number>();
    let done = 0;
    for (const one of dialogues) {
      if (one.augmented) origins.set(familyOf(one), -1);
      tick(++done);
    }
    const customers = new Map<string, { readonly first: number; count: number }>();
    let [index, source] = [0, ''];
    for (const one of dialogues) {
      const { dialogue, augmented } = one;
      if (needsTimes)
        this.times[index] = dialogue.turns.find(({ time }) => time !== undefined)?.time ?? Number.NaN;
      // Parts of one record follow each other.
      if (index > 0 && dialogue.source === source && augmented === undefined) this.join(index - 1, index);
      source = dialogue.source;
      if (augmented) this.isAugmented[index] = 1;
      const family = familyOf(one);
      if (origins.has(family)) this.joinFirst(origins, family, index);
      for (const customer of customersOf(dialogue)) {
        const known = customers.get(customer);
        if (known) this.byCustomer.join(known.first, index);
        if (known) known.count++;
        else customers.set(customer, { first: index, count: 1 });
      }
      index++;
      tick(++done);
    }
    this.customers = customers.size;
    for (const { count } of customers.values()) this.largest = Math.max(this.largest, count);
  }

  private joinSimilar(similar: Int32Array): void {
    // Groups can have larger numbers than there are dialogues, because some of their members were dropped.
    const groups = similar.reduce((most, group) => Math.max(most, group + 1), 0);
    const firsts = new Int32Array(groups).fill(-1);
    for (let index = 0; index < similar.length; index++) {
      const group = similar[index] ?? 0;
      const first = firsts[group] ?? -1;
      if (first >= 0) this.join(first, index);
      else firsts[group] = index;
    }
  }

  private joinFirst(firsts: Map<string, number>, key: string, index: number): void {
    const first = firsts.get(key) ?? -1;
    if (first >= 0) this.join(first, index);
    else firsts.set(key, index);
  }

  private join(one: number, other: number): void {
    this.units.join(one, other);
    this.byCustomer.join(one, other);
  }
}

function customersOf(dialogue: Dialogue): ReadonlySet<string> {
  const turns = turnsOf(dialogue, 'customer');
  const names = turns.map(({ speakerId, speaker }) => speakerId ?? speaker ?? '');
  return new Set(names.filter((name) => name !== ''));
}

/** Evaluates on the units whose dialogues are all among the newest. Without a time, a dialogue counts as old. */
function newestApart(units: Int32Array, times: Float64Array, ratio: number): Split {
  const known = times.filter((time) => !Number.isNaN(time)).sort();
  const wanted = Math.max(1, Math.round(ratio * times.length));
  const since = known[known.length - wanted];
  if (since === undefined || known[0] === known.at(-1))
    throw new UserError(
      'corpus-too-small',
      `${option('splitBy', 'time')} needs dialogues with times, but only ${known.length} of ${times.length} have one, or all have the same; use ${option('splitBy', 'dialogue')}`,
    );
  const isOld = new Uint8Array(units.length);
  for (const [index, unit] of units.entries()) if (!((times[index] ?? Number.NaN) >= since)) isOld[unit] = 1;
  const indices = allIndices(units.length);
  const isNew = (index: number) => isOld[units[index] ?? 0] === 0;
  return { train: indices.filter((index) => !isNew(index)), evaluation: indices.filter(isNew) };
}

/** 0, 1, ... An iterator of them would first become a list of objects. */
function allIndices(length: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => index);
}
