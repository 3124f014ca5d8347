// Matrix products at DialoGPT-small's shapes: in float32 against NumPy's, in bf16 against the rate of the processor's unit.

import { type Finding, ratio } from '../findings.js';
import type { GemmResult, MeasuredProduct } from '../gemm.js';
import type { LimitsResult } from '../limits.js';
import { geometricMean, median } from '../measure.js';
import type { Measurement, Subject } from '../measurement.js';
import { everywhere, type GoalByUnit, goalOn } from '../processor-unit.js';
import { ours, pythonPackagesLack, type Situation, training } from '../situation.js';

interface Kind {
  readonly what: string;
  fits(name: string): boolean;
}
const isHead = (name: string) => /^(head|logits)/.test(name);
const isDecoding = (name: string) => name.startsWith('decoding');

const overNumpy = everywhere(0.9);
const overUnit: readonly (Kind & { readonly goals: GoalByUnit })[] = [
  {
    what: "DialoGPT-small's training shapes",
    fits: (name) => !isHead(name),
    goals: { AMX: 0.45, 'AVX-512 BF16': 0.75 },
  },
  { what: "the head's training shapes", fits: isHead, goals: { AMX: 0.3, 'AVX-512 BF16': 0.75 } },
];

export const products: Subject<Situation> = {
  name: 'gemm',
  about: "matrix products, and NumPy's or a bare loop of the unit for bf16",
  measurements: (situation) => [inFloat32(situation), inBf16(situation)],
};

function sizes({ threads, smoke }: Situation): string[] {
  return [
    ...['--threads', `${threads}`, '--rounds', '1'],
    ...(smoke ? ['--repetitions', '1', '--only', 'attention out'] : []),
  ];
}

/** Ours and NumPy's alternate within the program, product by product. */
function inFloat32(situation: Situation): Measurement {
  const { peers } = situation;
  const lacksNumpy = pythonPackagesLack(situation, ['numpy']);
  const program = ours<GemmResult>('gemm', {
    label: 'ours and NumPy',
    args: [...sizes(situation), ...(lacksNumpy === undefined ? ['--python', peers.python] : [])],
    value: ({ products }) => {
      const training = products.filter(({ name }) => !isDecoding(name));
      const own = geometricMean(training.map(({ gflops }) => gflops)).toFixed(1);
      const numpy = lacksNumpy ?? `${geometricMean(training.map(numpyRate)).toFixed(1)} GFLOP/s`;
      return `${own} GFLOP/s; NumPy ${numpy}`;
    },
  });
  const kinds: readonly Kind[] = [
    { what: 'training', fits: (name) => !isDecoding(name) },
    { what: 'decoding', fits: isDecoding },
  ];
  return {
    name: 'GEMM in fp32',
    programs: [program],
    findings: (results) => {
      const products = medians(results.of(program));
      const goal = goalOn(situation.unit, overNumpy);
      return kinds.flatMap(({ what, fits }): Finding[] => {
        const own = products.filter(({ name }) => fits(name));
        const [worst] = own.toSorted((one, other) => share(one) - share(other));
        return [
          ratio(
            `GEMM, shapes of ${what}, geometric mean: GFLOP/s, over NumPy`,
            mean(own.map(({ gflops }) => gflops)),
            mean(own.map(numpyRate)),
            goal,
            'at least',
          ),
          ...(worst
            ? [ratio(`the worst of them (${worst.name})`, worst.gflops, numpyRate(worst), goal, 'at least')]
            : []),
        ];
      });
    },
  };
}

function inBf16(situation: Situation): Measurement {
  const { unit, threads } = situation;
  const limits = ours<LimitsResult>('limits', {
    label: `a bare loop of ${unit ?? 'the unit'}`,
    args: ['--threads', `${threads}`],
    notOffered: unit === undefined ? 'this processor has no unit for bf16' : undefined,
    value: (result) =>
      result.unit === null
        ? 'no loop for this unit'
        : `${(result.unit.flops / 1e9).toFixed(0)} GFLOP/s (${result.unit.instruction})`,
  });
  const program = ours<GemmResult>('gemm', {
    label: 'ours',
    args: [...sizes(situation), '--precision', 'bf16'],
    ...training(situation, 'bf16'),
    value: ({ products }) => `${geometricMean(products.map(({ gflops }) => gflops)).toFixed(0)} GFLOP/s`,
  });
  return {
    name: 'GEMM in bf16',
    programs: [limits, program],
    findings: (results) => {
      const products = medians(results.of(program));
      const peak = median(
        results.of(limits).flatMap((result) => (result.unit ? result.unit.flops / 1e9 : [])),
      );
      return overUnit.map(({ what, fits, goals }) =>
        ratio(
          `GEMM at ${what}, bf16: GFLOP/s, over a bare loop of the unit's instruction`,
          mean(products.filter(({ name }) => fits(name)).map(({ gflops }) => gflops)),
          peak,
          goalOn(unit, goals),
          'at least',
        ),
      );
    },
  };
}

/** Each product with the medians over the rounds. */
function medians(results: readonly GemmResult[]): MeasuredProduct[] {
  const [first] = results;
  return (first?.products ?? []).map((product) => {
    const same = results.flatMap(({ products }) => products.filter(({ name }) => name === product.name));
    const theirs = same.flatMap(({ numpyGflops }) => numpyGflops ?? []);
    return {
      ...product,
      gflops: median(same.map(({ gflops }) => gflops)),
      numpyGflops: theirs.length === 0 ? null : median(theirs),
    };
  });
}

function numpyRate({ numpyGflops }: MeasuredProduct): number {
  return numpyGflops ?? Number.NaN;
}

function share(product: MeasuredProduct): number {
  return product.gflops / numpyRate(product);
}

function mean(rates: readonly number[]): number {
  return rates.length === 0 ? Number.NaN : geometricMean(rates);
}
