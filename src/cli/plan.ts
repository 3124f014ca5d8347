// The header of a run: what will be trained, on what, where, for how long and in how much memory.

import { bytes, count } from './format.js';

/** Everything that is known before the first step. */
export interface RunPlan {
  readonly model: string;
  readonly parameters: number;
  /** For people: processor or card, threads, vector width. */
  readonly device: string;
  readonly precision: string;
  readonly dialogues: number;
  readonly evalDialogues: number;
  /** Dialogues that lost their oldest turns to `--max-length`. */
  readonly shortenedDialogues: number;
  /** Of one epoch, padding not counted. */
  readonly tokens: number;
  readonly supervisedTokens: number;
  readonly rows: number;
  readonly maxLength: number;
  readonly epochs: number;
  readonly totalSteps: number;
  /** Steps already done, where a run is resumed; else 0. */
  readonly firstStep: number;
  readonly memoryBytes: number;
  readonly availableMemoryBytes: number;
  readonly outputDir: string;
}

/** The plan as the lines of the header. */
export function planLines(plan: RunPlan): readonly (readonly [name: string, value: string])[] {
  const shortened =
    plan.shortenedDialogues === 0 ? '' : `; ${count(plan.shortenedDialogues)} lost their oldest turns`;
  const resumed = plan.firstStep === 0 ? '' : `, going on after step ${plan.firstStep}`;
  return [
    ['model', `${plan.model}, ${count(plan.parameters)} parameters`],
    ['device', `${plan.device}, ${plan.precision}`],
    [
      'data',
      `${count(plan.dialogues)} dialogues, ${count(plan.evalDialogues)} more to measure on${shortened}`,
    ],
    [
      'tokens',
      `${count(plan.tokens)} an epoch (${count(plan.supervisedTokens)} to learn) in ${count(plan.rows)} rows of ${plan.maxLength}`,
    ],
    ['steps', `${count(plan.totalSteps)} in ${Number(plan.epochs.toFixed(2))} epochs${resumed}`],
    ['memory', `${bytes(plan.memoryBytes)} of ${bytes(plan.availableMemoryBytes)} available`],
    ['output', plan.outputDir],
  ];
}

/** The plan for machines: one line of JSON. */
export function planJson(plan: RunPlan): string {
  return JSON.stringify({
    model: plan.model,
    parameters: plan.parameters,
    device: plan.device,
    precision: plan.precision,
    dialogues: plan.dialogues,
    eval_dialogues: plan.evalDialogues,
    shortened_dialogues: plan.shortenedDialogues,
    tokens: plan.tokens,
    supervised_tokens: plan.supervisedTokens,
    rows: plan.rows,
    max_length: plan.maxLength,
    epochs: plan.epochs,
    steps: plan.totalSteps,
    memory_bytes: plan.memoryBytes,
    available_memory_bytes: plan.availableMemoryBytes,
    output_dir: plan.outputDir,
  });
}
