// Chooses the instructions for a kind of matrix product, once for each compiled library. A unit must be compiled in, permitted,
// and faster than widening to float32, which is measured when the library is new and kept beside it; it is not assumed, because
// AVX-512 BF16 is slower on some processors. Whenever the library is loaded, the chosen unit must compute a small product like
// the portable code that stands for it. Knows no instruction, and not how a product is measured.

import { closeSync } from 'node:fs';
import type { CodeCache } from '../code-cache.js';

export interface Unit<Name extends string = string> {
  readonly name: Name;
  /** The number of the unit in the kernels, and that of the portable code that stands for it. */
  readonly kind: number;
  readonly portable: number;
  /** Whether the portable code has the same bits. Otherwise it rounds a little differently. */
  readonly exact: boolean;
  /** What /proc/cpuinfo calls the instructions. */
  readonly flag: string;
  /** Compilers that know them. */
  readonly compilers: string;
}

/** How matrices of a dtype are multiplied. */
export interface Choice<Name extends string> {
  /** null if they are widened to float32. */
  readonly unit: Name | null;
  /** Its number in the kernels; 0 for widening. */
  readonly kind: number;
  /** Whether that is faster than float32. */
  readonly isFast: boolean;
  /** For people: the unit, or what widening is good for. */
  readonly description: string;
  /** A sentence on why a faster unit of this processor is not used; null if none is missed. */
  readonly note: string | null;
}

/** What can be tried with the kernels of one library. */
export interface Trials<Name extends string> {
  isCompiled(unit: Unit<Name>): boolean;
  /** Asks the system for the state that the unit needs. Returns 0, or the number of the error. */
  request(unit: Unit<Name>): number;
  /** Seconds of a product on the unit, or widened. */
  seconds(unit: Unit<Name> | null): number;
  /** Whether the unit computes what the portable code computes. */
  isRight(unit: Unit<Name>): boolean;
}

export interface Situation {
  /** For people: `g++ 12.2`. */
  readonly compiler: string;
  /** The flags of /proc/cpuinfo; empty where there are none. */
  readonly processorFlags: ReadonlySet<string>;
  readonly cache: CodeCache;
  /** Identifies the library and the processor. */
  readonly key: (usable: string) => string;
}

/** How much faster than widening a unit must be: less is not worth other rounding. */
const worthwhile = 1.1;
const measuredRounds = 3;
const widened = 'widened';

/** @param ofWidening what people are told of widening. */
export function chooseUnit<Name extends string>(
  units: readonly Unit<Name>[],
  ofWidening: string,
  trials: Trials<Name>,
  situation: Situation,
): Choice<Name> {
  const causes: string[] = [];
  let usable = units.filter((unit) => {
    const cause = causeAgainst(unit, trials, situation);
    if (cause) causes.push(`${unit.name} is not used: ${cause}`);
    return cause === null;
  });
  let chosen = recordedOrMeasured(usable, trials, situation);
  while (chosen !== null && !trials.isRight(chosen)) {
    const wrong = chosen;
    causes.push(`${wrong.name} is not used: it computes wrong products here`);
    usable = usable.filter((unit) => unit !== wrong);
    chosen = recordedOrMeasured(usable, trials, situation);
  }
  const description = chosen?.name ?? ofWidening;
  return {
    unit: chosen?.name ?? null,
    kind: chosen?.kind ?? 0,
    isFast: chosen !== null,
    description,
    note: causes.length > 0 ? `${causes.join('; ')}; ${chosen ? `${description} is` : ofWidening}` : null,
  };
}

/** Why a unit of this processor cannot be used; null if it can, '' if the processor has none. */
function causeAgainst<Name extends string>(
  unit: Unit<Name>,
  trials: Trials<Name>,
  { compiler, processorFlags }: Situation,
): string | null {
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
function recordedOrMeasured<Name extends string>(
  usable: readonly Unit<Name>[],
  trials: Trials<Name>,
  { cache, key }: Situation,
): Unit<Name> | null {
  if (usable.length === 0) return null;
  const place = key(usable.map(({ name }) => name).join(', '));
  const recorded = read(cache, place);
  const known = usable.find(({ name }) => name === recorded);
  if (known !== undefined || recorded === widened) return known ?? null;
  const measured = measure(usable, trials);
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

/** The least time of each in turns, since other programs may disturb any of them for a while. */
function measure<Name extends string>(
  usable: readonly Unit<Name>[],
  trials: Trials<Name>,
): Unit<Name> | null {
  const candidates = [null, ...usable];
  const rounds = Array.from({ length: measuredRounds }, () => candidates.map((unit) => trials.seconds(unit)));
  const least = (at: number) => Math.min(...rounds.map((seconds) => seconds[at] ?? Number.NaN));
  const limit = least(0) / worthwhile;
  const timed = usable.map((unit, at) => ({ unit, seconds: least(at + 1) }));
  const [fastest] = timed.sort((one, other) => one.seconds - other.seconds);
  return fastest !== undefined && fastest.seconds < limit ? fastest.unit : null;
}
