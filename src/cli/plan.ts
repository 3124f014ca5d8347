// The header of a run: model, device, data, number of steps, memory and disk space.

import { type MemoryPlan, totalBytes } from '../device/memory-plan.js';
import { formatBytes } from '../files/format-bytes.js';
import { jsonLine } from '../quote.js';
import type { DiskPlan } from '../train/disk-plan.js';
import type { RunPlan } from '../train/plan.js';
import { count } from './format.js';

/** `activations 310 MB, weights 120 MB, ...`, the largest first. */
function memoryParts(memory: MemoryPlan): string {
  return [...memory]
    .sort(([, a], [, b]) => b - a)
    .map(([label, size]) => `${label} ${formatBytes(size)}`)
    .join(', ');
}

/** `1.2 GB of 40 GB free (up to 3 checkpoints of 360 MB)`. */
function diskText({ bytes, freeBytes, checkpoints, checkpointBytes }: DiskPlan): string {
  const free = freeBytes === null ? '' : ` of ${formatBytes(freeBytes)} free`;
  const kept = `${count(checkpoints)} ${checkpoints === 1 ? 'checkpoint' : 'checkpoints'}`;
  return `${formatBytes(bytes)}${free} (up to ${kept} of ${formatBytes(checkpointBytes)})`;
}

/** The plan as the lines of the header. */
export function planLines(plan: RunPlan): readonly (readonly [name: string, value: string])[] {
  const dropped =
    plan.droppedDialogues === 0 ? '' : `; ${count(plan.droppedDialogues)} contain nothing to learn`;
  const resumed = plan.firstStep === 0 ? '' : `, continuing after step ${plan.firstStep}`;
  return [
    ['model', `${plan.model}, ${count(plan.parameters)} parameters`],
    ['device', `${plan.device}, ${plan.precision}`],
    [
      'data',
      `${count(plan.dialogues)} dialogues, ${count(plan.evalDialogues)} more for evaluation${dropped}`,
    ],
    ['learns', learntWords(plan)],
    [
      'tokens',
      `${count(plan.tokens)} per epoch (${count(plan.supervisedTokens)} supervised) in ${count(plan.sequences)} sequences of ${plan.maxLength}`,
    ],
    ...lossLine(plan),
    ['steps', `${count(plan.totalSteps)} in ${Number(plan.epochs.toFixed(2))} epochs${resumed}`],
    [
      'memory',
      `${formatBytes(totalBytes(plan.memory))} of ${formatBytes(plan.availableMemoryBytes)} available (${memoryParts(plan.memory)})`,
    ],
    ['disk', diskText(plan.disk)],
    ['output', plan.outputDir],
  ];
}

/** Which turns are learned. Names both rules if only some of the dialogues have roles. */
function learntWords(plan: RunPlan): string {
  const { assistantDialogues, reverse } = plan;
  const rest = plan.dialogues - assistantDialogues;
  const mixed = plan.lossOn === 'auto' && assistantDialogues > 0 && rest > 0;
  const words = mixed
    ? `${ruleWords.assistant} in ${count(assistantDialogues)} dialogues, ${ruleWords.responses} in ${count(rest)} without roles`
    : ruleWords[lossRuleOf(plan)];
  return reverse ? `reversed: what comes before ${words}` : words;
}

const ruleWords = {
  assistant: 'what the assistant says',
  responses: 'every turn after the first',
  all: 'every turn',
  last: 'the last turn',
} as const;

/** The rule in force; the most common one if dialogues differ. */
function lossRuleOf({ lossOn, assistantDialogues, dialogues }: RunPlan): keyof typeof ruleWords {
  if (lossOn !== 'auto') return lossOn;
  return 2 * assistantDialogues > dialogues ? 'assistant' : 'responses';
}

/** What did not fit; no line if everything did. */
function lossLine({ dialoguesThatLostTurns, cutReplies, lostTokens }: RunPlan): [string, string][] {
  if (lostTokens === 0) return [];
  return [
    [
      'too long',
      `${count(dialoguesThatLostTurns)} dialogues lost their oldest turns, ${count(cutReplies)} replies were cut, ${count(lostTokens)} tokens lost in total`,
    ],
  ];
}

/** The plan for machines: one line of JSON. */
export function planJson(plan: RunPlan): string {
  return jsonLine({
    model: plan.model,
    parameters: plan.parameters,
    device: plan.device,
    precision: plan.precision,
    dialogues: plan.dialogues,
    eval_dialogues: plan.evalDialogues,
    loss_on: lossRuleOf(plan),
    assistant_dialogues: plan.assistantDialogues,
    dialogues_that_lost_turns: plan.dialoguesThatLostTurns,
    cut_replies: plan.cutReplies,
    lost_tokens: plan.lostTokens,
    dropped_dialogues: plan.droppedDialogues,
    tokens: plan.tokens,
    supervised_tokens: plan.supervisedTokens,
    sequences: plan.sequences,
    max_length: plan.maxLength,
    epochs: plan.epochs,
    steps: plan.totalSteps,
    memory_bytes: totalBytes(plan.memory),
    memory_parts: Object.fromEntries(plan.memory),
    available_memory_bytes: plan.availableMemoryBytes,
    disk_bytes: plan.disk.bytes,
    free_disk_bytes: plan.disk.freeBytes,
    output_dir: plan.outputDir,
  });
}
