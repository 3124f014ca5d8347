// The steps that measure without a peer: start-up, matrix products, every operation, memory, graphs, decoding on the card,
// and whether gradients are the same again. Sizes and time limits are here; goals are in goals.ts.

import type { Precision } from '../../src/device/device.js';
import { fastest, ours, precisionAvailability, precisions, rowsOf, type Situation } from './situation.js';
import type { Step } from './step.js';

/** In the order in which they run: what only a card can tell comes first. */
export function measurements(situation: Situation): Step[] {
  return [
    gradients(situation),
    graphs(situation),
    operations(situation),
    products(situation),
    decodeTimes(situation),
    ...precisions.map((precision) => gemmPeak(situation, precision)),
    ...memory(situation),
    start(situation),
  ];
}

/** In the precisions that training rarely uses, without the largest size, which takes the longest. */
export function gemmPeak(situation: Situation, precision: Precision): Step {
  const { smoke, device } = situation;
  const sizes = smoke
    ? ['--sizes', '64', '--repetitions', '1', '--seconds', '0']
    : ['--sizes', precision === fastest(situation) ? '4096,8192,16384' : '4096,8192'];
  return {
    ...ours(
      'gpu-check/gemm-peak',
      { name: `GEMM peak, ${precision}`, series: `gemm ${precision}`, limit: 120 },
      ['--device', device, '--precision', precision, ...sizes],
    ),
    ...precisionAvailability(situation, precision),
  };
}

function start(situation: Situation): Step {
  return ours('gpu-check/start', { name: 'start with and without cached kernels', series: 'start' }, [
    ...['--device', situation.device, '--precision', fastest(situation)],
  ]);
}

function memory(situation: Situation): Step[] {
  const sizes = situation.smoke
    ? ['--model', 'tiny', '--vocabulary', '512', '--batch', '1', '--tokens', '16']
    : ['--model', 'medium', '--batch', '8', '--tokens', '512'];
  return (situation.smoke ? [false] : [false, true]).map((checkpointing) =>
    measured(
      situation,
      'memory',
      {
        name: `memory of medium, 8 x 512${checkpointing ? ', with recomputed activations' : ''}`,
        series: checkpointing ? 'memory checkpointing' : 'memory',
        limit: 60,
      },
      [...sizes, ...(checkpointing ? ['--gradient-checkpointing'] : [])],
    ),
  );
}

/** A full micro-batch of DialoGPT-medium, or a tiny one on an emulated card. */
function microBatch(situation: Situation): { readonly what: string; readonly sizes: string[] } {
  const rows = String(rowsOf(situation));
  return {
    what: `medium, ${rows} x 1024`,
    sizes: situation.smoke
      ? ['--model', 'tiny', '--vocabulary', '512', '--batch', '1', '--tokens', '16']
      : ['--model', 'medium', '--batch', rows, '--tokens', '1024'],
  };
}

function gradients(situation: Situation): Step {
  const { what, sizes } = microBatch(situation);
  const about = { name: `hash of all gradients, twice: ${what}`, series: 'gradients', limit: 90 };
  return measured(situation, 'gradients', about, sizes);
}

function graphs(situation: Situation): Step {
  const { what, sizes } = microBatch(situation);
  const about = { name: `a step with and without graphs: ${what}`, series: 'graphs', limit: 90 };
  const steps = situation.smoke ? ['--steps', '1', '--warmup', '2'] : [];
  return measured(situation, 'graphs', about, [...sizes, ...steps]);
}

function operations(situation: Situation): Step {
  const { what, sizes } = microBatch(situation);
  const about = { name: `time of every operation: ${what}`, series: 'operations', limit: 120 };
  const effort = situation.smoke ? ['--spread', '0', '--milliseconds', '0', '--repetitions', '1'] : [];
  return measured(situation, 'operations', about, [...sizes, ...effort]);
}

function products(situation: Situation): Step {
  const { smoke, environment } = situation;
  const about = { name: 'algorithms of the matrix products, R = 16384', series: 'products', limit: 90 };
  const sizes = smoke
    ? ['--model', 'tiny', '--vocabulary', '512', '--rows', '128', '--least', '0']
    : ['--model', 'medium', '--rows', '16384'];
  const lacking = !smoke && environment.totalMemory < 12e9 ? { notOffered: 'its operands need 12 GB' } : {};
  return { ...measured(situation, 'products', about, sizes), ...lacking };
}

function decodeTimes(situation: Situation): Step {
  const about = { name: 'a decoded token on the card and by the clock', series: 'decode times', limit: 60 };
  const sizes = situation.smoke ? ['--model', 'tiny', '--prompt', '4', '--tokens', '4'] : [];
  return measured(situation, 'decode-times', about, sizes);
}

/** A program of the check, in the fastest precision. */
function measured(
  situation: Situation,
  name: string,
  about: { readonly name: string; readonly series: string; readonly limit: number },
  args: readonly string[],
): Step {
  const precision = fastest(situation);
  return {
    ...ours(`gpu-check/${name}`, about, ['--device', situation.device, '--precision', precision, ...args]),
    ...precisionAvailability(situation, precision),
  };
}
