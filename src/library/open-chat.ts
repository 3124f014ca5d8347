// Opens a model for chat on the device that its options select. The cheapest checks come first.

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatOptions } from '../config/chat-options.js';
import { candidateCount } from '../config/chat-settings.js';
import { compileNote, fallbackNote, resolveWeightPrecision, selectDevice } from '../device/select.js';
import { UserError } from '../errors.js';
import { type ChatModel, openChatModel } from '../generate/chat-model.js';
import { training } from '../option-names.js';
import { checkpointFolder, checkpointSteps } from '../train/checkpoint.js';
import { metricsFileName } from '../train/metrics.js';

/** Chat options with a model. */
export interface PartnerOptions extends ChatOptions {
  readonly model: string;
}

export interface OpeningWatcher {
  note(text: string): void;
  /** @param total bytes, 0 when unknown. */
  download(file: string, done: number, total: number): void;
}

export interface OpenedChat {
  readonly model: Pick<
    ChatModel,
    'label' | 'parameters' | 'contextLength' | 'memoryBytes' | 'reply' | 'logLikelihood'
  >;
  /** A description of the device, for people. */
  readonly device: string;
  readonly precision: string;
  /** The most candidates or beams that fit into the reserved memory. */
  readonly sequences: number;
  dispose(): void;
}

export type OpenChat = (options: PartnerOptions, watcher: OpeningWatcher) => Promise<OpenedChat>;

/** @throws UserError (usage, model or device) when the model cannot be opened. */
export const openChat: OpenChat = async (options, watcher) => {
  for (const name of [options.model, options.mmi]) if (name !== null) refuseUnfinishedRun(name);
  const device = await selectDevice(options.device, {
    threads: options.threads ?? undefined,
    onCompile: (what) => watcher.note(compileNote(what)),
    onFallback: (left, why) => watcher.note(fallbackNote(left, why)),
  });
  try {
    const precision = resolveWeightPrecision(device, options.precision);
    const sequences = Math.max(options.numBeams, candidateCount(options));
    const model = await openChatModel(options.model, {
      device,
      weights: precision,
      sequences,
      mmi: options.mmi,
      onDownload: watcher.download,
      onNote: watcher.note,
    });
    return { model, device: device.description, precision, sequences, dispose: () => device.dispose() };
  } catch (thrown) {
    device.dispose();
    throw thrown;
  }
};

/**
 * A run's folder contains a model only when the run is finished. Until then only its checkpoints do.
 * @param use what is done with a model, for the advice.
 */
export function refuseUnfinishedRun(folder: string, use = 'chat with'): void {
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  if (!isFolder || existsSync(join(folder, 'config.json'))) return;
  const newest = checkpointSteps(folder).at(-1);
  if (newest !== undefined)
    throw new UserError(
      'training-unfinished',
      `the training in ${folder} has not finished; ${use} its newest checkpoint, ${checkpointFolder(folder, newest)}, or finish it with ${training({ resume: true })}`,
    );
  if (existsSync(join(folder, metricsFileName)))
    throw new UserError(
      'training-unfinished',
      `the training in ${folder} has not saved a model yet; finish it with ${training({ resume: true })}`,
    );
}
