// Optimizer steps of DialoGPT-small: ours and the Hugging Face Trainer's.

import { against, ratio, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Subject } from '../measurement.js';
import { everywhere, type GoalByUnit, goalOn, withAnyUnit } from '../processor-unit.js';
import { ours, type Situation, training } from '../situation.js';
import type { StepResult } from '../train-step.js';
import {
  type ByPrecision,
  byPrecision,
  overTrainer,
  trainer,
  trainingPrecisions,
  type WithSettings,
} from './trainer.js';

interface Speed {
  readonly tokensPerSecond: number;
  readonly peakMemoryBytes: number;
}

interface Steps {
  /** Micro-batches of 512 tokens per step. */
  readonly accumulation: number;
  /** Timed steps. */
  readonly steps: number;
  /** Ours over the Trainer at its best, tokens/s. */
  readonly overTrainer: ByPrecision<GoalByUnit>;
  /** Ours in bf16 over ours in fp32, tokens/s. */
  readonly overFp32: GoalByUnit;
  /** Our step in fp32 over its matrix products alone. */
  readonly overProducts: GoalByUnit;
}

const allSteps: readonly Steps[] = [
  {
    accumulation: 1,
    steps: 3,
    overTrainer: { fp32: { none: 1.5 }, bf16: { AMX: 3.5, 'AVX-512 BF16': 1.6 } },
    overFp32: { AMX: 3.5, 'AVX-512 BF16': 1.5 },
    overProducts: everywhere(0.75),
  },
  {
    accumulation: 4,
    steps: 1,
    overTrainer: { fp32: { none: 1.5 }, bf16: { AMX: 4, 'AVX-512 BF16': 1.6 } },
    overFp32: { AMX: 4, 'AVX-512 BF16': 1.5 },
    overProducts: everywhere(0.85),
  },
];

/** Ours over the Trainer's in the same precision. */
const memoryGoals: ByPrecision<GoalByUnit> = { fp32: everywhere(1), bf16: withAnyUnit(0.7) };

export const steps: Subject<Situation> = {
  name: 'step',
  about: 'optimizer steps of DialoGPT-small, and the Hugging Face Trainer',
  measurements: (situation) => allSteps.map((each) => measurementOf(situation, each)),
};

function measurementOf(situation: Situation, described: Steps): Measurement {
  const { threads, smoke, unit } = situation;
  const { accumulation } = described;
  const name = `step of 124M, ${accumulation} x 512 tokens`;
  const args = (precision: string) => [
    ...['--threads', `${threads}`, '--precision', precision, '--accumulation', `${accumulation}`],
    ...(smoke ? ['--model', 'tiny', '--tokens', '16', '--steps', '1'] : ['--steps', `${described.steps}`]),
  ];
  const own = byPrecision((precision) =>
    ours<StepResult>('train-step', {
      label: `ours in ${precision}`,
      args: args(precision),
      ...training(situation, precision),
      value: speedAndMemory,
    }),
  );
  const theirs = byPrecision((precision) =>
    trainer<Speed & WithSettings>(situation, 'hf_trainer_step', precision, {
      args: args(precision),
      value: speedAndMemory,
    }),
  );
  return {
    name,
    programs: [own.fp32, theirs.fp32, own.bf16, theirs.bf16],
    findings(results) {
      const rate = ({ tokensPerSecond }: Speed) => tokensPerSecond;
      const gigabytes = ({ peakMemoryBytes }: Speed) => peakMemoryBytes / 1e9;
      const speed = byPrecision((precision) => median(results.of(own[precision]).map(rate)));
      const products = results.of(own.fp32).flatMap((result) => result.products ?? []);
      return [
        ...trainingPrecisions.map((precision) =>
          overTrainer(
            `${name}, ${precision}: tokens/s, over the Trainer at its best`,
            speed[precision],
            theirs,
            { results, rate, goal: goalOn(unit, described.overTrainer[precision]) },
          ),
        ),
        ratio(
          `${name}: tokens/s in bf16, over ours in fp32`,
          speed.bf16,
          speed.fp32,
          goalOn(unit, described.overFp32),
          'at least',
        ),
        ...trainingPrecisions.map((precision) =>
          ratio(
            `${name}, ${precision}: peak memory, GB, over the Trainer's in ${precision}`,
            median(results.of(own[precision]).map(gigabytes)),
            median(results.of(theirs[precision]).map(gigabytes)),
            goalOn(unit, memoryGoals[precision]),
            'at most',
          ),
        ),
        against(
          `${name}, fp32: 6 x parameters x tokens/s, GFLOP/s, over our GEMM at its shapes`,
          shown(median(products.map(({ share, flops }) => (share * flops) / 1e9)), 1),
          shown(median(products.map(({ flops }) => flops / 1e9)), 1),
          median(products.map(({ share }) => share)),
          goalOn(unit, described.overProducts),
          'at least',
        ),
      ];
    },
  };
}

function speedAndMemory({ tokensPerSecond, peakMemoryBytes }: Speed): string {
  return `${tokensPerSecond.toFixed(1)} tokens/s, ${(peakMemoryBytes / 1e9).toFixed(2)} GB`;
}
