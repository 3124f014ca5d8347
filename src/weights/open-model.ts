// A model folder, whole: the shape of the model, its tokenizer, its weights, and what a person should know about them.
// Training, chat and whatever else needs a model open it here. Nothing is computed with it, and no weights are read yet.

import type { GPT2Config } from '../nn/gpt2-config.js';
import { openFittingTokenizer } from '../tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { openModelFolder, readModelConfig } from './model-folder.js';

/** All that a plan needs. */
export interface ModelShape {
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
  /** A sentence each, for a person. */
  readonly notes: readonly string[];
}

export interface OpenModel extends ModelShape {
  /** The names of all tensors, in the order of the forward pass. */
  readonly names: readonly string[];
  /** One tensor, row-major, as float32. @throws UserError (model) when its file is damaged. */
  read(name: string): Float32Array;
}

/** A folder that may lack its weights. @throws UserError (model) when it holds no GPT-2 with a fitting tokenizer. */
export function openModelShape(folder: string): ModelShape {
  const config = readModelConfig(folder);
  return { config, ...openFittingTokenizer(folder, config.vocabSize) };
}

/** @throws UserError (model) when the folder holds no whole GPT-2 with a fitting tokenizer. */
export function openModel(folder: string): OpenModel {
  const { config, names, notes, read } = openModelFolder(folder);
  const fitting = openFittingTokenizer(folder, config.vocabSize);
  return { config, tokenizer: fitting.tokenizer, notes: [...notes, ...fitting.notes], names, read };
}
