// The steps that compare: training, dialogues and decoding. Each of ours is followed by its peers', so that both see the
// same card within minutes, and the matrix product peak that they are divided by is measured before them. Sizes and time
// limits are here; goals are in goals.ts.

import { join } from 'node:path';
import { peer } from '../measure.js';
import { gemmPeak } from './measurements.js';
import { fastest, ours, precisionAvailability, rowsOf, type Situation } from './situation.js';
import type { Step } from './step.js';

/** In the order in which they run: what the goals are about comes first. */
export function comparisons(situation: Situation): Step[] {
  const rounds = Array.from({ length: situation.rounds }, (_, round) => round + 1);
  return rounds.flatMap((round) => [
    // In the same round as what it is compared with, because a warm card clocks lower.
    gemmPeak(situation, fastest(situation)),
    ...training(situation, round),
    ...decoding(situation, round),
    ...(round === 1 ? encodedDialogues(situation) : []),
    ...dialogues(situation, round),
  ]);
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
  { limit, ...about }: { name: string; series: string; limit: number },
  args: readonly string[],
): Step {
  return {
    ...about,
    part: 'peers',
    command: situation.python,
    args: [peer(script), '--device', 'cuda', ...args],
    limitSeconds: limit,
    prints: 'program',
    ...torchAvailability(situation),
  };
}

function training(situation: Situation, round: number): Step[] {
  const { smoke, device } = situation;
  const precision = fastest(situation);
  const rows = String(smoke ? 1 : rowsOf(situation));
  return (smoke ? ['tiny'] : ['medium', 'small']).flatMap((model) => {
    const tokens = smoke ? '16' : '1024';
    const sizes = ['--batch', rows, '--tokens', tokens];
    const vocabulary = smoke ? ['--vocabulary', '512'] : [];
    const timing = smoke ? ['--steps', '1', '--warmup', '1'] : ['--steps', '20', '--warmup', '4'];
    const what = `${model}, ${rows} x ${tokens}, round ${round}`;
    return [
      {
        ...ours('train-step', { name: `training ${what}`, series: `train ${model}`, limit: 90 }, [
          ...['--device', device, '--precision', precision, '--model', model],
          ...[...vocabulary, ...sizes, ...timing],
        ]),
        ...precisionAvailability(situation, precision),
      },
      theirs(
        situation,
        'hf_trainer_step',
        { name: `Hugging Face Trainer, tuned: ${what}`, series: `trainer ${model}`, limit: 180 },
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
        ...ours('dialogues', { name: `dialogues: ${what}`, series: `dialogues ${unit}`, limit: 90 }, [
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
            limit: 120,
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
      ...ours('decode', { name: what, series: 'decode', limit: 90 }, [
        ...['--device', device, '--precision', precision, '--weights', precision, ...sizes],
      ]),
      ...precisionAvailability(situation, precision),
    },
    theirs(
      situation,
      'hf_generate',
      { name: `transformers' generate: ${what}`, series: 'generate', limit: 120 },
      [...['--type', precision === 'bf16' ? 'bfloat16' : 'float16', ...sizes]],
    ),
  ];
}
