// Collects what a run's report shows beside the curves: the options, and the machine that the run used.

import { cpus, release, totalmem, type } from 'node:os';
import type { TrainingSummary } from '../events.js';
import type { RunPlan } from '../plan.js';
import { writeReport } from './report.js';

/**
 * Writes `<outputDir>/report.html`.
 * @param options the run's options, shown unchanged.
 * @throws UserError (device) when it cannot be written.
 */
export function writeRunReport(options: object, plan: RunPlan, summary: TrainingSummary): void {
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const planned = [...plan.memory].map(([part, bytes]) => [`memory: ${part}`, megabytes(bytes)] as const);
  writeReport(plan.outputDir, {
    title: plan.model,
    date: new Date().toISOString(),
    summary,
    config: Object.fromEntries(Object.entries(options)),
    environment: {
      device: plan.device,
      precision: plan.precision,
      parameters: plan.parameters,
      dialogues: plan.dialogues,
      'evaluation dialogues': plan.evalDialogues,
      processor: cpus()[0]?.model ?? 'unknown',
      'system memory': megabytes(totalmem()),
      system: `${type()} ${release()}`,
      'Node.js': process.version,
      ...Object.fromEntries(planned),
    },
  });
}
