// Opens a model for chat on the device that its options select. The cheapest checks come first.

import type { ChatOptions } from '../config/chat-options.js';
import { candidateCount } from '../config/chat-settings.js';
import { compileNote, fallbackNote, resolveWeightPrecision, selectDevice } from '../device/select.js';
import { type ChatModel, openChatModel } from '../generate/chat-model.js';
import { refuseUnfinishedRun } from '../train/unfinished-run.js';

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
