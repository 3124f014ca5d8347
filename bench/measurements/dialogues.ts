// An epoch over real dialogues of at most 128 tokens: ours in packed sequences, the Hugging Face Trainer in padded batches.

import { join } from 'node:path';
import type { DialoguesResult, WrittenDialogues } from '../dialogues.js';
import { median } from '../measure.js';
import type { Measurement, Subject } from '../measurement.js';
import type { Unit } from '../persona-chat.js';
import { type GoalByUnit, goalOn } from '../processor-unit.js';
import { ours, type Situation, training } from '../situation.js';
import {
  type ByPrecision,
  byPrecision,
  overTrainer,
  trainer,
  trainingPrecisions,
  type WithSettings,
} from './trainer.js';

interface Speed {
  readonly supervisedTokensPerSecond: number;
}

interface Dialogues {
  readonly unit: Unit;
  readonly name: string;
  readonly dialogues: number;
}

const allDialogues: readonly Dialogues[] = [
  { unit: 'conversation', name: 'conversations', dialogues: 16 },
  { unit: 'exchange', name: 'exchanges of two turns', dialogues: 64 },
  { unit: 'reply', name: 'conversations, the Trainer a reply an example', dialogues: 8 },
];
const goals: ByPrecision<GoalByUnit> = { fp32: { none: 3 }, bf16: { AMX: 3, 'AVX-512 BF16': 2 } };

export const dialogues: Subject<Situation> = {
  name: 'dialogues',
  about: 'an epoch over the dialogues of --data, and the Hugging Face Trainer',
  measurements: (situation) => allDialogues.map((each) => measurementOf(situation, each)),
};

function measurementOf(situation: Situation, { unit, name, dialogues }: Dialogues): Measurement {
  const { data, threads, smoke, scratch } = situation;
  const noData = data === undefined ? '--data names no dialogues' : undefined;
  const encoded = join(scratch, `${unit}.json`);
  const model = smoke ? ['--model', 'tiny'] : [];
  const sample = [
    ...['--data', data ?? '', '--threads', `${threads}`, '--unit', unit],
    ...['--dialogues', `${smoke ? 2 : dialogues}`],
  ];
  const prepared = ours<WrittenDialogues>('dialogues', {
    label: 'the same for the Trainer',
    args: [...sample, '--write', encoded],
    rounds: 1,
    notOffered: noData,
    value: ({ dialoguesPerStep }) => `${dialoguesPerStep.toFixed(1)} per step`,
  });
  const own = byPrecision((precision) =>
    ours<DialoguesResult>('dialogues', {
      label: `ours in ${precision}`,
      args: [...sample, '--precision', precision, ...model],
      ...training(situation, precision),
      ...(noData !== undefined && { notOffered: noData }),
      value: words,
    }),
  );
  const theirs = byPrecision((precision) => ({
    ...trainer<Speed & WithSettings>(situation, 'hf_trainer_dialogues', precision, {
      args: (results) => {
        const [written] = results.of(prepared);
        if (written === undefined) return undefined;
        // As many dialogues per step as our packed sequences contain on average. For replies with all earlier turns, that
        // would not fit into memory, so the Trainer gets its default batch size.
        const batch = unit === 'reply' ? 8 : Math.max(1, Math.round(written.dialoguesPerStep));
        return [
          ...['--threads', `${threads}`, '--precision', precision, '--dialogues', encoded],
          ...['--batch', `${batch}`, ...model],
        ];
      },
      value: words,
    }),
    ...(noData !== undefined && { notOffered: noData }),
  }));
  return {
    name: `${name}, at most 128 tokens`,
    programs: [prepared, own.fp32, theirs.fp32, own.bf16, theirs.bf16],
    findings(results) {
      const rate = ({ supervisedTokensPerSecond }: Speed) => supervisedTokensPerSecond;
      return trainingPrecisions.map((precision) =>
        overTrainer(
          `${name}, at most 128 tokens, ${precision}: supervised tokens/s, over the Trainer at its best`,
          median(results.of(own[precision]).map(rate)),
          theirs,
          { results, rate, goal: goalOn(situation.unit, goals[precision]) },
        ),
      );
    },
  };
}

function words({ supervisedTokensPerSecond }: Speed): string {
  return `${supervisedTokensPerSecond.toFixed(1)} supervised tokens/s`;
}
