// The steps that measure: start-up, matrix products, memory, training and decoding. Each of ours is followed by its
// peers', so that both see the same card within minutes. Sizes and time limits are here; goals are in goals.ts.

import { join } from 'node:path';
import type { Precision } from '../../src/device/device.js';
import { peer } from '../measure.js';
import { fastest, ours, precisionAvailability, precisions, type Situation } from './situation.js';
import type { Step } from './step.js';

/** All measuring steps, in the order in which they run. */
export function measurements(situation: Situation): Step[] {
  const rounds = Array.from({ length: situation.rounds }, (_, round) => round + 1);
  return [
    ...start(situation),
    ...precisions.filter((each) => each !== fastest(situation)).map((each) => gemmPeak(situation, each)),
    ...memory(situation),
    ...encodedDialogues(situation),
    ...rounds.flatMap((round) => [
      // The denominator is measured in the same round as its numerators, because a warm card clocks lower.
      gemmPeak(situation, fastest(situation)),
      ...training(situation, round),
      ...dialogues(situation, round),
      ...decoding(situation, round),
    ]),
  ];
}

function start(situation: Situation): Step[] {
  return [
    ours('gpu-check/start', { name: 'start with and without cached kernels', series: 'start' }, [
      ...['--device', situation.device, '--precision', fastest(situation)],
    ]),
  ];
}

function gemmPeak(situation: Situation, precision: Precision): Step {
  const sizes = situation.smoke ? ['--sizes', '64', '--repetitions', '1', '--seconds', '0'] : [];
  return {
    ...ours('gpu-check/gemm-peak', { name: `GEMM peak, ${precision}`, series: `gemm ${precision}` }, [
      ...['--device', situation.device, '--precision', precision, ...sizes],
    ]),
    ...precisionAvailability(situation, precision),
  };
}

function memory(situation: Situation): Step[] {
  const { smoke, device } = situation;
  const precision = fastest(situation);
  const sizes = smoke
    ? ['--model', 'tiny', '--batch', '1', '--tokens', '16']
    : ['--model', 'medium', '--batch', '8', '--tokens', '512'];
  return (smoke ? [false] : [false, true]).map((checkpointing) => ({
    ...ours(
      'gpu-check/memory',
      {
        name: `memory of medium, 8 x 512${checkpointing ? ', with recomputed activations' : ''}`,
        series: checkpointing ? 'memory checkpointing' : 'memory',
      },
      [
        ...['--device', device, '--precision', precision, ...sizes],
        ...(checkpointing ? ['--gradient-checkpointing'] : []),
      ],
    ),
    ...precisionAvailability(situation, precision),
  }));
}

/** Why torch cannot be measured here; empty if it can. */
function torchAvailability({ environment: { python }, smoke }: Situation): Pick<Step, 'notOffered'> {
  if (smoke) return { notOffered: 'no peers with --smoke' };
  if (python === null) return { notOffered: 'no Python with torch and transformers: name it with --python' };
  return python.cuda ? {} : { notOffered: `torch ${python.torch} has no CUDA here` };
}

function theirs(
  situation: Situation,
  script: string,
  about: { name: string; series: string },
  args: readonly string[],
): Step {
  return {
    ...about,
    part: 'peers',
    command: situation.python,
    args: [peer(script), '--device', 'cuda', ...args],
    limitSeconds: 300,
    prints: 'program',
    ...torchAvailability(situation),
  };
}

/** Sequences of 1024 per step that fit on the card, for ours and for the peers: a power of two. */
function rowsOf({ environment: { totalMemory } }: Situation): number {
  const gigabytes = totalMemory / 1e9;
  return Math.min(16, Math.max(1, 2 ** Math.floor(Math.log2(gigabytes / 4))));
}

function training(situation: Situation, round: number): Step[] {
  const { smoke, device } = situation;
  const precision = fastest(situation);
  const rows = String(smoke ? 1 : rowsOf(situation));
  return (smoke ? ['tiny'] : ['small', 'medium']).flatMap((model) => {
    const tokens = smoke ? '16' : '1024';
    const sizes = ['--batch', rows, '--tokens', tokens];
    const timing = smoke ? ['--steps', '1', '--warmup', '1'] : ['--steps', '20', '--warmup', '4'];
    const what = `${model}, ${rows} x ${tokens}, round ${round}`;
    return [
      {
        ...ours('train-step', { name: `training ${what}`, series: `train ${model}` }, [
          ...['--device', device, '--precision', precision, '--model', model, ...sizes, ...timing],
        ]),
        ...precisionAvailability(situation, precision),
      },
      theirs(
        situation,
        'hf_trainer_step',
        { name: `Hugging Face Trainer, tuned: ${what}`, series: `trainer ${model}` },
        ['--precision', precision, '--compile', '--model', model, ...sizes, ...timing],
      ),
      llmC(model, what, ['--batch', rows, '--tokens', '1024']),
    ];
  });
}

function llmC(model: string, what: string, sizes: readonly string[]): Step {
  const about = { name: `llm.c: ${what}`, series: `llm.c ${model}` };
  return {
    ...ours('gpu-check/llm-c', about, ['--model', model, ...sizes]),
    part: 'peers',
    ...(process.env.LLM_C === undefined ? { notOffered: "LLM_C does not name llm.c's train_gpt2cu" } : {}),
  };
}

const units = ['conversation', 'reply'] as const;
type Unit = (typeof units)[number];

/** Why dialogues are not measured; empty if they are. */
function dialogueAvailability({ data, smoke }: Situation): Pick<Step, 'notOffered'> {
  if (smoke) return { notOffered: 'no dialogues with --smoke' };
  return data === undefined ? { notOffered: '--data names no dialogues' } : {};
}

function sample({ data }: Situation, unit: Unit): string[] {
  return [
    ...['--data', data ?? '', '--unit', unit, '--dialogues', unit === 'reply' ? '200' : '800'],
    ...['--max-length', '512', '--batch', '16'],
  ];
}

const encoded = ({ scratch }: Situation, unit: Unit) => join(scratch, `${unit}.json`);

/** The same dialogues, encoded for the Trainer. */
function encodedDialogues(situation: Situation): Step[] {
  return units.map((unit) => ({
    ...ours('dialogues', { name: `dialogues for the Trainer: ${unit}` }, [
      ...sample(situation, unit),
      ...['--write', encoded(situation, unit)],
    ]),
    part: 'peers',
    ...torchAvailability(situation),
    ...dialogueAvailability(situation),
  }));
}

/**
 * The Trainer's examples: whole conversations like ours, or one example per reply with all preceding turns, like
 * DialoGPT's own data.
 */
function dialogues(situation: Situation, round: number): Step[] {
  const precision = fastest(situation);
  return units.flatMap((unit) => {
    const what = `${unit === 'reply' ? 'one example per reply' : 'conversations'}, round ${round}`;
    return [
      {
        ...ours('dialogues', { name: `dialogues: ${what}`, series: `dialogues ${unit}` }, [
          ...['--device', situation.device, '--precision', precision, ...sample(situation, unit)],
        ]),
        ...precisionAvailability(situation, precision),
        ...dialogueAvailability(situation),
      },
      {
        ...theirs(
          situation,
          'hf_trainer_dialogues',
          {
            name: `Hugging Face Trainer, documented settings: ${what}`,
            series: `trainer dialogues ${unit}`,
          },
          ['--precision', precision, '--sampling', 'random', '--dialogues', encoded(situation, unit)],
        ),
        ...dialogueAvailability(situation),
      },
    ];
  });
}

function decoding(situation: Situation, round: number): Step[] {
  const { smoke, device } = situation;
  const precision = fastest(situation);
  const sizes = smoke
    ? ['--model', 'tiny', '--prompt', '4', '--tokens', '3', '--repetitions', '1', '--stretch', '1024']
    : ['--model', 'medium', '--prompt', '200', '--tokens', '256'];
  const what = `decoding, medium, one stream, round ${round}`;
  return [
    {
      ...ours('decode', { name: what, series: 'decode' }, [
        ...['--device', device, '--precision', precision, '--weights', precision, ...sizes],
      ]),
      ...precisionAvailability(situation, precision),
    },
    theirs(situation, 'hf_generate', { name: `transformers' generate: ${what}`, series: 'generate' }, [
      ...['--type', precision === 'bf16' ? 'bfloat16' : 'float16', ...sizes],
    ]),
  ];
}
