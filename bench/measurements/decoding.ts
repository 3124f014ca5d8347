// One stream of greedy tokens of DialoGPT-small after a prompt of 200: ours with each type of weights, transformers'
// `generate`, and llama.cpp with the type of weights that is most like ours.

import type { DecodeResult } from '../decode.js';
import { against, type Finding, ratio, shown } from '../findings.js';
import { median } from '../measure.js';
import type { Measurement, Program, Subject } from '../measurement.js';
import { everywhere, type GoalByUnit, goalOn, type ProcessorUnit, withAnyUnit } from '../processor-unit.js';
import {
  llamaCppModel,
  llamaCppPeer,
  ours,
  pythonPeer,
  type Situation,
  slowBf16,
  storing,
} from '../situation.js';
import type { WeightPrecisionResult } from '../weight-precision.js';

interface Speed {
  readonly secondsToFirstToken: number;
  readonly tokensPerSecond: number;
}

interface Weights {
  readonly weights: 'fp32' | 'bf16' | 'int8';
  readonly llamaCpp: 'f32' | 'f16' | 'q8_0';
  readonly goals: {
    /** Tokens/s over transformers in float32. */
    readonly generate?: GoalByUnit;
    /** Bytes of weights per second over the memory's bandwidth. */
    readonly bandwidth: GoalByUnit;
    /** Tokens/s over llama.cpp. */
    readonly llamaCpp: GoalByUnit;
    /** The seconds to the first token of transformers in float32 over ours. */
    readonly first?: GoalByUnit;
  };
}

const allWeights: readonly Weights[] = [
  {
    weights: 'fp32',
    llamaCpp: 'f32',
    goals: {
      generate: everywhere(2),
      bandwidth: everywhere(0.8),
      llamaCpp: { ...everywhere(1.2), AMX: 1.3 },
      first: everywhere(1.3),
    },
  },
  {
    weights: 'bf16',
    llamaCpp: 'f16',
    goals: {
      generate: withAnyUnit(4),
      bandwidth: withAnyUnit(0.75),
      llamaCpp: { ...withAnyUnit(1.2), AMX: 1.6 },
      first: withAnyUnit(1.3),
    },
  },
  {
    weights: 'int8',
    llamaCpp: 'q8_0',
    goals: { bandwidth: withAnyUnit(0.7), llamaCpp: { ...withAnyUnit(1.2), AMX: 2 } },
  },
];
/** Our shortest time to the first token over llama.cpp's. */
const firstGoal: GoalByUnit = { ...everywhere(1), AMX: 0.5 };

export const decoding: Subject<Situation> = {
  name: 'decode',
  about: "replies of DialoGPT-small, and transformers' generate and llama.cpp",
  measurements: (situation) => [replies(situation), perplexity(situation)],
};

interface Programs {
  readonly ours: readonly {
    readonly described: Weights;
    readonly own: Program<DecodeResult>;
    readonly llamaCpp: Program<Speed>;
  }[];
  /** transformers. */
  readonly float32: Program<Speed>;
  readonly bfloat16: Program<Speed>;
}

/** All types of weights are one measurement, because peers are compared with several of them. */
function replies(situation: Situation): Measurement {
  const { ours, float32, bfloat16 } = programsOf(situation);
  const { unit } = situation;
  return {
    name: 'a reply of 124M',
    programs: [...ours.flatMap(({ own, llamaCpp }) => [own, llamaCpp]), float32, bfloat16],
    findings: (results) => [
      ...ours.flatMap(({ described, own, llamaCpp }) =>
        findingsOf(described, unit, {
          own: results.of(own),
          llamaCpp: results.of(llamaCpp),
          generate: results.of(float32),
        }),
      ),
      ratio(
        "first token after 200: s, ours in our best type over llama.cpp's in its best",
        shortestWait(ours.map(({ own }) => results.of(own))),
        shortestWait(ours.map(({ llamaCpp }) => results.of(llamaCpp))),
        goalOn(unit, firstGoal),
        'at most',
      ),
    ],
  };
}

function programsOf(situation: Situation): Programs {
  const { threads, smoke, unit } = situation;
  const sizes = [
    ...['--threads', `${threads}`, '--repetitions', smoke ? '1' : '2'],
    ...(smoke ? ['--prompt', '20', '--tokens', '4'] : []),
  ];
  const model = smoke ? ['--model', 'tiny'] : [];
  const stretch = smoke ? ['--stretch', '1024'] : [];
  const generate = (type: string) =>
    pythonPeer<Speed>(situation, 'hf_generate', ['torch', 'transformers'], {
      label: `transformers in ${type}`,
      args: [...sizes, ...model, '--type', type],
      value: words,
    });
  return {
    ours: allWeights.map((described) => ({
      described,
      own: ours<DecodeResult>('decode', {
        label: `ours, weights in ${described.weights}`,
        args: [...sizes, ...model, ...stretch, '--weights', described.weights],
        ...storing(situation, described.weights),
        value: words,
      }),
      llamaCpp: llamaCppPeer<Speed>(situation, {
        label: `llama.cpp, weights in ${described.llamaCpp}`,
        args: [...sizes, '--model', llamaCppModel(described.llamaCpp)],
        value: words,
      }),
    })),
    float32: generate('float32'),
    bfloat16: {
      ...generate('bfloat16'),
      rounds: 1,
      ...(unit === undefined && { notOffered: slowBf16 }),
    },
  };
}

interface Measured {
  readonly own: readonly DecodeResult[];
  readonly llamaCpp: readonly Speed[];
  /** transformers in float32. */
  readonly generate: readonly Speed[];
}

function findingsOf(
  { weights, llamaCpp, goals }: Weights,
  unit: ProcessorUnit | undefined,
  measured: Measured,
): Finding[] {
  const what = `a token of 124M, weights in ${weights}`;
  const over = (peer: string, theirs: readonly Speed[], goal: GoalByUnit) =>
    ratio(
      `${what}: tokens/s, over ${peer}`,
      rate(measured.own),
      rate(theirs),
      goalOn(unit, goal),
      'at least',
    );
  const [wait, theirWait] = [waiting(measured.own), waiting(measured.generate)];
  return [
    ...(goals.generate ? [over('transformers in float32', measured.generate, goals.generate)] : []),
    over(`llama.cpp in ${llamaCpp}`, measured.llamaCpp, goals.llamaCpp),
    overBandwidth(what, measured.own, goalOn(unit, goals.bandwidth)),
    ...(goals.first
      ? [
          against(
            `first token after 200, weights in ${weights}: s, transformers' in float32 over ours`,
            shown(wait),
            shown(theirWait),
            theirWait / wait,
            goalOn(unit, goals.first),
            'at least',
          ),
        ]
      : []),
  ];
}

function rate(results: readonly Speed[]): number {
  return median(results.map(({ tokensPerSecond }) => tokensPerSecond));
}

/** Seconds to the first token. */
function waiting(results: readonly Speed[]): number {
  return median(results.map(({ secondsToFirstToken }) => secondsToFirstToken));
}

/** NaN without results. */
function shortestWait(byType: readonly (readonly Speed[])[]): number {
  const [shortest = Number.NaN] = byType
    .filter((results) => results.length > 0)
    .map(waiting)
    .sort((one, other) => one - other);
  return shortest;
}

function overBandwidth(what: string, results: readonly DecodeResult[], goal: number | undefined): Finding {
  const bandwidth = median(results.map(({ readBandwidth }) => readBandwidth / 1e9));
  const read = median(
    results.map(({ tokensPerSecond, weightBytes }) => (tokensPerSecond * weightBytes) / 1e9),
  );
  return against(
    `${what}: weights read, GB/s, over the memory's bandwidth`,
    shown(read, 1),
    shown(bandwidth, 1),
    read / bandwidth,
    goal,
    'at least',
  );
}

function perplexity({ model, smoke }: Situation): Measurement {
  const program = ours<WeightPrecisionResult>('weight-precision', {
    label: 'ours, weights in fp32, in bf16 and in int8',
    args: ['--model', model ?? ''],
    rounds: 1,
    notOffered:
      model === undefined
        ? '--model names no trained model'
        : smoke
          ? 'no perplexity with --smoke'
          : undefined,
    value: ({ perplexity: { fp32, bf16, int8 } }) =>
      [fp32, bf16, int8].map((perplexity) => perplexity.toFixed(3)).join(', '),
  });
  return {
    name: 'perplexity of --model',
    programs: [program],
    findings(results) {
      const of = (weights: Weights['weights']) =>
        median(results.of(program).map((result) => result.perplexity[weights]));
      const fp32 = of('fp32');
      return (
        [
          ['bf16', 1.01],
          ['int8', 1.005],
        ] as const
      ).map(([weights, goal]) => {
        const what = `perplexity with weights in ${weights}, over float32`;
        return against(what, shown(of(weights), 3), shown(fp32, 3), of(weights) / fp32, goal, 'at most');
      });
    },
  };
}

function words({ secondsToFirstToken, tokensPerSecond }: Speed): string {
  return `${tokensPerSecond.toFixed(1)} tokens/s, first after ${secondsToFirstToken.toFixed(3)} s`;
}
