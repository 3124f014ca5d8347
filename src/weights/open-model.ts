// Opens a complete model folder: config, tokenizer and weights, with notes for the user. All code that needs a model, such
// as training and chat, opens it here. Weights are read later, on demand.

import type { GPT2Config } from '../nn/gpt2-config.js';
import { openFittingTokenizer } from '../tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { openModelFolder, readModelConfig } from './model-folder.js';

/** What planning a run needs: everything except the weights. */
export interface ModelShape {
  readonly config: GPT2Config;
  readonly tokenizer: Tokenizer;
  /** Messages for the user, one sentence each. */
  readonly notes: readonly string[];
}

export interface OpenModel extends ModelShape {
  /** The names of all tensors, in the order of the forward pass. */
  readonly names: readonly string[];
  /** One tensor, row-major, as float32. @throws UserError (model) when its file is damaged. */
  read(name: string): Float32Array;
}

/** Opens a folder that may lack its weights. @throws UserError (model) unless it has a GPT-2 and a matching tokenizer. */
export function openModelShape(folder: string): ModelShape {
  const config = readModelConfig(folder);
  return { config, ...openFittingTokenizer(folder, config.vocabSize) };
}

/** @throws UserError (model) unless the folder has a complete GPT-2 and a matching tokenizer. */
export function openModel(folder: string): OpenModel {
  const { config, names, notes, read } = openModelFolder(folder);
  const fitting = openFittingTokenizer(folder, config.vocabSize);
  return { config, tokenizer: fitting.tokenizer, notes: [...notes, ...fitting.notes], names, read };
}
