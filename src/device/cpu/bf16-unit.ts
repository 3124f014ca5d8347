// Chooses the instructions that multiply bf16 matrices, once for each compiled library. A unit must be compiled in, permitted, and
// faster than widening to float32, which is measured when the library is new and kept beside it; it is not assumed, because
// AVX-512 BF16 is slower on some processors. Attention takes the same unit if that is faster there too. Whenever the library is
// loaded, the chosen unit must compute a small product like the portable code that stands for it. Knows no instruction, and not
// how work is measured.

import { closeSync } from 'node:fs';
import type { CodeCache } from '../code-cache.js';

export type UnitName = 'AMX bf16' | 'AVX-512 BF16' | 'BFMMLA';

export interface Unit {
  readonly name: UnitName;
  /** UnitKind in gemm-bf16-units.h, and that of the portable code that stands for it. */
  readonly kind: number;
  readonly portable: number;
  /** Whether the portable code has the same bits. Otherwise it rounds a little differently. */
  readonly exact: boolean;
  /** What /proc/cpuinfo calls the instructions. */
  readonly flag: string;
  /** Compilers that know them. */
  readonly compilers: string;
}

/** In order of preference. */
export const units: readonly Unit[] = [
  {
    name: 'AMX bf16',
    kind: 4,
    portable: 1,
    exact: true,
    flag: 'amx_bf16',
    compilers: 'g++ 11 or clang 12',
  },
  {
    name: 'AVX-512 BF16',
    kind: 5,
    portable: 2,
    exact: false,
    flag: 'avx512_bf16',
    compilers: 'g++ 10 or clang 9',
  },
  { name: 'BFMMLA', kind: 6, portable: 3, exact: false, flag: 'bf16', compilers: 'g++ 10 or clang 11' },
];

/** UnitKind in gemm-bf16-units.h. */
export function kindOf(name: UnitName | null): number {
  return units.find((unit) => unit.name === name)?.kind ?? 0;
}

/** How bf16 matrices are multiplied. */
export interface Bf16Products {
  /** null if they are widened to float32. */
  readonly unit: UnitName | null;
  /** The unit of attention's products: the same, or null. */
  readonly attention: UnitName | null;
  /** Whether the unit is faster than float32. */
  readonly isFast: boolean;
  /** For people: the unit, or what widening is good for. */
  readonly description: string;
  /** A sentence on why a faster unit of this processor is not used; null if none is missed. */
  readonly note: string | null;
}

/** What a unit is measured in. */
export type Work = 'products' | 'attention';

/** What can be tried with the kernels of one library. */
export interface Trials {
  isCompiled(unit: Unit): boolean;
  /** Asks the system for the state that the unit needs. Returns 0, or the number of the error. */
  request(unit: Unit): number;
  /** Seconds of some work on the unit, or widened. */
  seconds(work: Work, unit: Unit | null): number;
  /** Whether the unit computes what the portable code computes. */
  isRight(unit: Unit): boolean;
}

export interface Situation {
  /** For people: `g++ 12.2`. */
  readonly compiler: string;
  /** The flags of /proc/cpuinfo; empty where there are none. */
  readonly processorFlags: ReadonlySet<string>;
  readonly cache: CodeCache;
  /** Identifies the library and the processor, too. */
  readonly key: (work: Work, usable: string) => string;
}

/** How much faster than widening a unit must be: less is not worth other rounding. */
const worthwhile = 1.1;
const widened = 'widened';
const ofWidening = 'bf16 is widened: saves memory, not time';

export function chooseBf16Products(trials: Trials, situation: Situation): Bf16Products {
  const causes: string[] = [];
  let usable = units.filter((unit) => {
    const cause = causeAgainst(unit, trials, situation);
    if (cause) causes.push(`${unit.name} is not used: ${cause}`);
    return cause === null;
  });
  let chosen = recordedOrMeasured('products', usable, trials, situation);
  while (chosen !== null && !trials.isRight(chosen)) {
    const wrong = chosen;
    causes.push(`${wrong.name} is not used: it computes wrong products here`);
    usable = usable.filter((unit) => unit !== wrong);
    chosen = recordedOrMeasured('products', usable, trials, situation);
  }
  const inAttention = chosen && recordedOrMeasured('attention', [chosen], trials, situation);
  const description = chosen?.name ?? ofWidening;
  return {
    unit: chosen?.name ?? null,
    attention: inAttention?.name ?? null,
    isFast: chosen !== null,
    description,
    note: causes.length > 0 ? `${causes.join('; ')}; ${chosen ? `${description} is` : ofWidening}` : null,
  };
}

/** Why a unit of this processor cannot be used; null if it can, '' if the processor has none. */
function causeAgainst(unit: Unit, trials: Trials, { compiler, processorFlags }: Situation): string | null {
  if (!trials.isCompiled(unit))
    return processorFlags.has(unit.flag)
      ? `${compiler} does not know its instructions, ${unit.compilers} does`
      : '';
  const error = trials.request(unit);
  if (error === 0) return null;
  return (
    refusals.get(error) ??
    `the operating system refuses the state of its tiles to this process (error ${error})`
  );
}

/** Why Linux refuses the state of AMX's tiles, by errno. */
const filtered =
  "a filter of system calls, such as a container's, refuses the state of its tiles to this process";
const refusals: ReadonlyMap<number, string> = new Map([
  [1, filtered],
  [13, filtered],
  [38, filtered],
  [22, 'this Linux does not know the state of its tiles, 5.16 does'],
  [28, 'the signal stack of a thread in this process is too small for the state of its tiles'],
  [95, 'this Linux does not offer the state of its tiles'],
]);

/** The fastest unit, or null if widening is as fast. The first process that measures decides for all later ones. */
function recordedOrMeasured(
  work: Work,
  usable: readonly Unit[],
  trials: Trials,
  { cache, key }: Situation,
): Unit | null {
  if (usable.length === 0) return null;
  const place = key(work, usable.map(({ name }) => name).join(', '));
  const recorded = read(cache, place);
  const known = usable.find(({ name }) => name === recorded);
  if (known !== undefined || recorded === widened) return known ?? null;
  const measured = measure(work, usable, trials);
  const kept = cache.keep(place, Buffer.from(measured?.name ?? widened));
  if (!('refusals' in kept)) closeSync(kept.descriptor);
  return measured;
}

function read(cache: CodeCache, place: string): string | undefined {
  const found = cache.find(place);
  if (found === undefined) return undefined;
  closeSync(found.descriptor);
  return Buffer.from(found.content).toString('utf8');
}

function measure(work: Work, usable: readonly Unit[], trials: Trials): Unit | null {
  const limit = trials.seconds(work, null) / worthwhile;
  const timed = usable.map((unit) => ({ unit, seconds: trials.seconds(work, unit) }));
  const [fastest] = timed.sort((one, other) => one.seconds - other.seconds);
  return fastest !== undefined && fastest.seconds < limit ? fastest.unit : null;
}
