// Single operations of a training step, against what the processor and its memory can do.

import type { AdamwResult } from '../adamw.js';
import type { AttentionResult } from '../attention.js';
import { against, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Subject } from '../measurement.js';
import { everywhere, type GoalByUnit, goalOn, withAnyUnit } from '../processor-unit.js';
import { ours, type Situation, training } from '../situation.js';
import { type ByPrecision, byPrecision, trainingPrecisions } from './trainer.js';

/** Milliseconds. */
const attentionGoals: ByPrecision<GoalByUnit> = { fp32: {}, bf16: { AMX: 2 } };
/** Of the memory's bandwidth. */
const adamwGoals: ByPrecision<GoalByUnit> = { fp32: everywhere(0.85), bf16: withAnyUnit(0.85) };

export const operations: Subject<Situation> = {
  name: 'operations',
  about: 'attention of a layer, and AdamW',
  measurements: (situation) => [attention(situation), adamw(situation)],
};

function attention(situation: Situation): Measurement {
  const { threads, smoke, unit } = situation;
  const sizes = smoke ? ['--tokens', '32', '--repetitions', '1'] : [];
  const milliseconds = ({ forwardSeconds, backwardSeconds }: AttentionResult) =>
    1000 * (forwardSeconds + backwardSeconds);
  const programs = byPrecision((precision) =>
    ours<AttentionResult>('attention', {
      label: `ours in ${precision}`,
      args: ['--threads', `${threads}`, '--precision', precision, ...sizes],
      ...training(situation, precision),
      value: (result) => `${milliseconds(result).toFixed(2)} ms`,
    }),
  );
  return {
    name: 'attention of a layer, 512 tokens',
    programs: [programs.fp32, programs.bf16],
    findings: (results) =>
      trainingPrecisions.map((precision) => {
        const time = median(results.of(programs[precision]).map(milliseconds));
        const what = `attention of a layer, 512 tokens, forward and backward, ${precision}: ms`;
        return against(what, shown(time), '', time, goalOn(unit, attentionGoals[precision]), 'at most');
      }),
  };
}

function adamw(situation: Situation): Measurement {
  const { threads, smoke, unit } = situation;
  const sizes = smoke ? ['--parameters', '4096', '--repetitions', '1'] : [];
  const programs = byPrecision((precision) =>
    ours<AdamwResult>('adamw', {
      label: `ours in ${precision}, and the memory`,
      args: ['--threads', `${threads}`, '--precision', precision, ...sizes],
      ...training(situation, precision),
      value: (result) =>
        `${(1000 * result.updateSeconds).toFixed(1)} ms, ${shown(rate(result), 1)} of ${shown(bandwidth(result), 1)} GB/s`,
    }),
  );
  return {
    name: 'AdamW of 124M',
    programs: [programs.fp32, programs.bf16],
    findings: (results) =>
      trainingPrecisions.map((precision) => {
        const measured = results.of(programs[precision]);
        const what = `AdamW of 124M, ${precision}: GB/s, over the memory's bandwidth, read and written`;
        const [own, memory] = [median(measured.map(rate)), median(measured.map(bandwidth))];
        const goal = goalOn(unit, adamwGoals[precision]);
        return against(what, shown(own, 1), shown(memory, 1), own / memory, goal, 'at least');
      }),
  };
}

function rate({ bytes, updateSeconds }: AdamwResult): number {
  return bytes / updateSeconds / 1e9;
}

function bandwidth({ updateBandwidth }: AdamwResult): number {
  return updateBandwidth / 1e9;
}
