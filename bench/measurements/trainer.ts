// The Hugging Face Trainer as a peer, in float32 and in bf16 (autocast). Ours is compared with the faster of the two.

import { against, type Finding, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Program, Results } from '../measurement.js';
import { pythonPeer, type Situation, slowBf16 } from '../situation.js';

export const trainingPrecisions = ['fp32', 'bf16'] as const;
type TrainingPrecision = (typeof trainingPrecisions)[number];
export type ByPrecision<Of> = Readonly<Record<TrainingPrecision, Of>>;

export function byPrecision<Of>(of: (precision: TrainingPrecision) => Of): ByPrecision<Of> {
  return { fp32: of('fp32'), bf16: of('bf16') };
}

/** What the Trainer's programs print about themselves. */
export interface WithSettings {
  readonly settings: {
    /** The dtype of a layer's products. */
    readonly computedIn: string;
    readonly attention: string;
    readonly optimizer: string;
  };
}

export function trainer<Result extends WithSettings>(
  situation: Situation,
  script: string,
  precision: TrainingPrecision,
  { args, value }: Pick<Program<Result>, 'args' | 'value'>,
): Program<Result> {
  const isSlow = precision === 'bf16' && situation.unit === undefined;
  return pythonPeer<Result>(situation, script, ['torch', 'transformers', 'accelerate'], {
    label: `the Trainer in ${precision}`,
    args,
    ...(isSlow && { notOffered: slowBf16 }),
    value(result) {
      const { computedIn, attention, optimizer } = result.settings;
      return `${value(result)} (${computedIn}, ${attention}, ${optimizer})`;
    },
  });
}

/** Compares a rate of ours with the Trainer's in its faster precision. */
export function overTrainer<Result>(
  what: string,
  own: number,
  theirs: ByPrecision<Program<Result>>,
  { results, rate, goal }: { results: Results; rate(result: Result): number; goal: number | undefined },
): Finding {
  const { fp32, bf16 } = byPrecision((precision) => median(results.of(theirs[precision]).map(rate)));
  const [best, precision] = bf16 > fp32 || Number.isNaN(fp32) ? [bf16, 'bf16'] : [fp32, 'fp32'];
  const peer = Number.isNaN(best) ? shown(best) : `${shown(best)} (${precision})`;
  return against(what, shown(own), peer, own / best, goal, 'at least');
}
