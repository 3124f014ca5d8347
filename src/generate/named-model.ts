// Opens a trained model by the name that a person gave, for work that only reads its weights: chat, ranking, scoring.

import type { Device, WeightPrecision } from '../device/device.js';
import { UserError } from '../errors.js';
import type { GPT2 } from '../nn/gpt2.js';
import type { ParameterOptions } from '../nn/parameters.js';
import { training } from '../option-names.js';
import { type OpenModel, openModel } from '../weights/open-model.js';
import { resolveModel } from '../weights/resolve.js';

export interface NamedModel extends OpenModel {
  /** The folder or hub id that the person gave. */
  readonly name: string;
  readonly folder: string;
}

export interface OpeningOptions {
  /** @param total bytes, 0 when unknown. */
  onDownload?(file: string, done: number, total: number): void;
  /** Receives the notes about a model's folder that people should see. */
  onNote?(text: string): void;
}

/**
 * Opens any model that `--model` may name (weights/resolve.ts), except presets, which are untrained.
 * @throws UserError (model) when it cannot be opened.
 */
export async function openNamed(name: string, { onDownload, onNote }: OpeningOptions): Promise<NamedModel> {
  const found = await resolveModel(name, {
    proposePresets: false,
    onProgress: ({ file, received, total }) => onDownload?.(file, received, total),
  });
  if (found.kind === 'preset')
    throw new UserError(
      'model-untrained',
      `${name} is a fresh model that has learned nothing yet; train it with ${training({ model: name })}, then name the folder of that run`,
    );
  const model = openModel(found.folder);
  for (const note of model.notes) onNote?.(note);
  return { name, folder: found.folder, ...model };
}

/**
 * How the weights of a model that is not trained are kept. A device that is fast in the precision computes in it throughout.
 * Any other device only stores its matrices in it, if it can.
 */
export function readOnlyWeights({ precisions }: Device, weights: WeightPrecision): ParameterOptions {
  const { computes, stores } = precisions[weights];
  const computed = weights !== 'int8' && (computes === 'fast' || (computes && !stores));
  return { trainable: false, ...(computed ? { precision: weights } : { weights }) };
}

export function loadWeights({ device, parameters }: GPT2, { names, read }: OpenModel): void {
  for (const name of names) parameters.load(device, name, read(name));
}
