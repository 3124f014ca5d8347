// The `chatbot-train` command: starts a run, reports its progress and result, and returns the exit code.

import { loadOptions } from '../config/load.js';
import { type RunOptions, settleOutputFolder } from '../config/output-folder.js';
import type { GivenOptions } from '../config/schema.js';
import type { TrainOption, TrainOptions } from '../config/train-options.js';
import { ExitCode } from '../errors.js';
import { visible } from '../quote.js';
import type { TrainingSummary } from '../train/events.js';
import type { RunWatcher } from '../train/run.js';
import { short } from './format.js';
import { planJson, planLines } from './plan.js';
import { createProgress, headerText, type Progress } from './progress.js';
import {
  exitCodeOfSignal,
  ignoreHangups,
  type SignalWatch,
  startedWithoutHangups,
  watchSignals,
} from './signals.js';
import { interruptionText, summaryJson, summaryText } from './summary.js';

/** A whole run. Null after a dry run. */
export type StartRun = (options: RunOptions, watcher: RunWatcher) => Promise<TrainingSummary | null>;

/** The trainer, loaded on use. */
const trainer: StartRun = async (options, watcher) => {
  const { startRun } = await import('../train/run.js');
  return startRun(options, watcher);
};

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/**
 * @returns the exit code.
 * @throws UserError for anything that a person can correct.
 */
export async function trainCommand(
  flags: GivenOptions<TrainOption>,
  startRun: StartRun = trainer,
  { stdout, stderr }: Terminal = process,
): Promise<number> {
  const { options, notes } = await loadOptions(flags);
  const run = settleOutputFolder(options, new Date());
  const progress = createProgress({ tty: stderr.isTTY === true, quiet: options.quiet, stream: stderr });
  for (const note of notes) progress.note(note);
  const watch: { signals: SignalWatch | null } = { signals: null };
  const allowHangups = startedWithoutHangups()
    ? ignoreHangups(() => progress.note('SIGHUP ignored, because nohup is in use; the run continues'))
    : null;
  // Before there is a plan there is nothing to save, so a signal ends the process as usual.
  const planned = () => {
    watch.signals ??= watchSignals(
      (signal) =>
        progress.note(
          `${signal}: saving and stopping after this step${signal === 'SIGINT' ? '; press Ctrl+C again to stop at once' : ''}`,
        ),
      allowHangups ? ['SIGINT', 'SIGTERM'] : ['SIGHUP', 'SIGINT', 'SIGTERM'],
    );
  };
  const signal = () => watch.signals?.shouldStop() ?? null;
  const shouldStop = () => signal() !== null;
  try {
    const watcher = watcherOf(progress, options, stdout, { planned, shouldStop });
    const summary = await startRun(run, watcher);
    progress.stop();
    const stoppedBy = signal();
    if (summary !== null) {
      const text = stoppedBy === null ? summaryText(summary, options.reverse) : interruptionText(summary);
      if (options.json) stdout.write(`${summaryJson(summary)}\n`);
      if (!options.quiet) (options.json ? stderr : stdout).write(`\n${visible(text)}`);
    }
    if (stoppedBy !== null) return exitCodeOfSignal[stoppedBy];
    return summary === null ? ExitCode.ok : gate(summary, options, stderr);
  } finally {
    progress.stop();
    watch.signals?.dispose();
    allowHangups?.();
  }
}

function watcherOf(
  progress: Progress,
  options: TrainOptions,
  stdout: NodeJS.WritableStream,
  { planned, shouldStop }: { planned(): void; shouldStop(): boolean },
): RunWatcher {
  return {
    plan: (plan) => {
      planned();
      // The plan is the whole result of a dry run.
      if (options.dryRun) stdout.write(options.json ? `${planJson(plan)}\n` : headerText(planLines(plan)));
      else {
        progress.header(planLines(plan));
        progress.start(plan.totalSteps, plan.firstStep);
      }
    },
    step: progress.step,
    event: progress.event,
    note: progress.note,
    download: progress.download,
    shouldStop,
  };
}

/** The limit applies to the loss of the model that is kept. */
function gate(
  summary: TrainingSummary,
  { failAboveEvalLoss: bound, loadBestModelAtEnd }: TrainOptions,
  stderr: NodeJS.WritableStream,
): number {
  const loss = (loadBestModelAtEnd ? summary.bestEvalLoss : null) ?? summary.evalLoss;
  if (bound === null || (loss !== null && loss <= bound)) return ExitCode.ok;
  stderr.write(
    `error: the evaluation loss is ${loss === null ? 'unknown' : short(loss)}, above the ${bound} of --fail-above-eval-loss\n`,
  );
  return ExitCode.unexpected;
}
