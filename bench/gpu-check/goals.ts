// Compares the measurements with the peers and the goals. A measurement that was not taken is `missing`, never met.

import { against, type Finding, missing, ratio } from '../findings.js';
import { median } from '../measure.js';
import type { StepResult } from '../train-step.js';
import type { GemmPeakResult } from './gemm-peak.js';
import type { LlmCResult } from './llm-c.js';
import type { MemoryResult } from './memory.js';
import type { StartResult } from './start.js';
import type { Outcome } from './step.js';

interface Speed {
  readonly tokensPerSecond: number;
}
interface SupervisedSpeed {
  readonly supervisedTokensPerSecond: number;
}

export function findings(outcomes: readonly Outcome[]): Finding[] {
  const results = <Result>(series: string): Result[] =>
    outcomes
      .filter((outcome) => outcome.series === series && outcome.status === 'passed')
      .map(({ result }) => result as Result);
  const speed = (series: string) =>
    medianOf(results<Speed>(series), ({ tokensPerSecond }) => tokensPerSecond);
  const supervised = (series: string) =>
    medianOf(results<SupervisedSpeed>(series), (result) => result.supervisedTokensPerSecond);
  return [
    ...startup(results<StartResult>('start')),
    ...['small', 'medium'].flatMap((model) => [
      share(model, results<StepResult>(`train ${model}`), (precision) =>
        results<GemmPeakResult>(`gemm ${precision}`),
      ),
      compared(
        `${model}, full sequences: tokens/s, compared with the tuned Trainer`,
        speed(`train ${model}`),
        speed(`trainer ${model}`),
        1.3,
      ),
      compared(
        `${model}, full sequences: tokens/s, compared with llm.c`,
        speed(`train ${model}`),
        medianOf(results<LlmCResult>(`llm.c ${model}`), ({ tokensPerSecond }) => tokensPerSecond),
        1,
      ),
    ]),
    ...['conversation', 'reply'].map((unit) =>
      compared(
        `dialogues, compared with the Trainer's documented settings, one ${unit} per example: supervised tokens/s`,
        supervised(`dialogues ${unit}`),
        supervised(`trainer dialogues ${unit}`),
        5,
      ),
    ),
    decoding(speed('decode'), speed('generate')),
    ...memory('memory of medium, 8 x 512', results<MemoryResult>('memory'), 11),
    ...memory('the same, with recomputed activations', results<MemoryResult>('memory checkpointing'), 8.5),
  ];
}

/** The median, or NaN without results. */
function medianOf<Result>(results: readonly Result[], value: (result: Result) => number): number {
  return results.length === 0 ? Number.NaN : median(results.map(value));
}

function compared(what: string, own: number, theirs: number, goal: number): Finding {
  if (Number.isNaN(own)) return missing(what, `at least ${goal}`);
  if (!Number.isNaN(theirs)) return ratio(what, own, theirs, goal, 'at least');
  return { ...missing(what, `at least ${goal}`), ours: own.toFixed(0) };
}

/** The share of the card's own matrix product rate, in the precision of the steps. */
function share(
  model: string,
  steps: readonly StepResult[],
  peaks: (precision: string) => readonly GemmPeakResult[],
): Finding {
  const precision = steps[0]?.precision ?? 'bf16';
  const what = `${model}, full sequences: TFLOP/s (6 N + attention), over the measured ${precision} GEMM peak`;
  const goal = model === 'small' ? 0.55 : 0.64;
  const flops = medianOf(steps, ({ tokensPerSecond, flopsPerToken }) => tokensPerSecond * flopsPerToken);
  const peak = medianOf(peaks(precision), (result) => result.flops);
  if (Number.isNaN(flops / peak)) return missing(what, `at least ${goal}`);
  return against(what, tera(flops), tera(peak), flops / peak, goal, 'at least');
}

const tera = (flops: number) => (flops / 1e12).toFixed(1);

/** Tokens per second of one stream. */
const decodingGoal = 2300;

function decoding(own: number, theirs: number): Finding {
  const what = "decoding, medium, one stream: tokens/s (peer: transformers' generate)";
  if (Number.isNaN(own)) return missing(what, `at least ${decodingGoal}`);
  const peer = Number.isNaN(theirs) ? 'missing' : theirs.toFixed(0);
  return against(what, own.toFixed(0), peer, own, decodingGoal, 'at least');
}

function memory(what: string, results: readonly MemoryResult[], gigabytes: number): Finding[] {
  const taken = medianOf(results, ({ takenBytes }) => takenBytes / 1e9);
  const planned = medianOf(results, ({ plannedBytes }) => plannedBytes / 1e9);
  const apart = medianOf(results, ({ takenBytes, plannedBytes }) => Math.abs(takenBytes / plannedBytes - 1));
  const goal = (limit: number) => `at most ${limit}`;
  const [fits, agrees] = [
    `${what}: GB used, compared with GB planned`,
    `${what}: relative difference of used and planned`,
  ];
  if (Number.isNaN(taken)) return [missing(fits, goal(gigabytes)), missing(agrees, goal(0.03))];
  const [left, right] = [taken.toFixed(2), planned.toFixed(2)];
  return [
    against(fits, left, right, taken, gigabytes, 'at most'),
    against(agrees, left, right, apart, 0.03, 'at most'),
  ];
}

function startup(results: readonly StartResult[]): Finding[] {
  const line = (what: string, value: number, goal: number) =>
    Number.isNaN(value)
      ? missing(what, `at most ${goal}`)
      : against(what, value.toFixed(1), '', value, goal, 'at most');
  return [
    line(
      'start, every kernel compiled, s',
      medianOf(results, ({ coldSeconds }) => coldSeconds),
      20,
    ),
    line(
      'start, kernels cached on disk, s',
      medianOf(results, ({ warmSeconds }) => warmSeconds),
      2,
    ),
  ];
}
