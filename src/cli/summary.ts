// The result of a run: a block of text for people, one line of JSON for machines.

import { formatBytes } from '../files/format-bytes.js';
import { jsonLine } from '../quote.js';
import type { TrainingSummary } from '../train/events.js';
import { exactMatchRecord } from '../train/metrics.js';
import { count, duration, exactMatchText, short } from './format.js';

/**
 * One line of JSON. NaN and infinity, which JSON does not have, become null.
 */
export function summaryJson(summary: TrainingSummary): string {
  return jsonLine({
    steps: summary.steps,
    epochs: summary.epochs,
    train_loss: summary.trainLoss,
    eval_loss: summary.evalLoss,
    best_eval_loss: summary.bestEvalLoss,
    best_step: summary.bestStep,
    saved_step: summary.savedStep,
    perplexity: summary.perplexity,
    ...exactMatchRecord(summary.exactMatch),
    tokens_per_second: summary.tokensPerSecond,
    supervised_tokens_per_second: summary.supervisedTokensPerSecond,
    peak_memory_bytes: summary.peakMemoryBytes,
    device: summary.device,
    precision: summary.precision,
    output_dir: summary.outputDir,
    stopped_early: summary.stoppedEarly,
    seconds: summary.seconds,
  });
}

/** The text for an interrupted run: where it is saved, and how to continue. */
export function interruptionText({ steps, outputDir }: TrainingSummary): string {
  if (steps === 0) return 'Stopped before the first step; there was nothing to save.\n';
  return (
    `Stopped after step ${count(steps)}, saved in ${outputDir}.\n` +
    `The same command with --output-dir ${quotedForShell(outputDir)} --resume continues from there.\n`
  );
}

/** The final block: the result, where it is, and what to do with it. @param reversed trained with --reverse. */
export function summaryText(summary: TrainingSummary, reversed: boolean): string {
  const { steps, epochs, seconds, stoppedEarly, startingEvalLoss, bestEvalLoss, bestStep, outputDir } =
    summary;
  const early = stoppedEarly ? ', stopped early because the evaluation loss no longer improved' : '';
  const lines = [
    `Trained ${count(steps)} steps (${Number(epochs.toFixed(2))} epochs) in ${duration(seconds)}${early}.`,
    `Training loss ${short(summary.trainLoss)}, ${count(summary.tokensPerSecond)} tokens/s, peak memory ${formatBytes(summary.peakMemoryBytes)}.`,
  ];
  const from = startingEvalLoss === null ? '' : `, from ${short(startingEvalLoss)} at the start`;
  if (bestEvalLoss !== null)
    lines.push(
      `Best evaluation loss ${short(bestEvalLoss)} (perplexity ${short(Math.exp(bestEvalLoss))})${from}` +
        `${bestStep === null ? '' : `, reached at step ${bestStep}`}; ${savedText(summary)}.`,
    );
  const answers = exactMatchText(summary.exactMatch);
  if (answers !== null) lines.push(`Answered word for word as in the data: ${answers}.`);
  lines.push(
    '',
    `The model is in ${outputDir}.`,
    reversed
      ? `  to rank replies:  npx chatbot-chat MODEL --mmi ${quotedForShell(outputDir)}`
      : `  to talk to it:    npx chatbot-chat ${quotedForShell(outputDir)}`,
    `  from Python:      AutoModelForCausalLM.from_pretrained(${JSON.stringify(outputDir)})`,
  );
  return `${lines.join('\n')}\n`;
}

function savedText({ bestStep, savedStep, evalLoss }: TrainingSummary): string {
  if (savedStep === bestStep) return 'this is the model saved';
  const loss = evalLoss === null ? '' : ` with evaluation loss ${short(evalLoss)}`;
  return `the saved model is the last one, from step ${savedStep}${loss}`;
}

/** In single quotes if a shell would change it. */
function quotedForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
