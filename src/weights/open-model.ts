// Opens a complete model folder: config, tokenizer and weights, with notes for the user. All code that needs a model, such
// as training and chat, opens it here. Weights are read later, on demand.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type GPT2Config, presetVocabulary } from '../nn/gpt2-config.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { openFittingTokenizer, openTokenizer } from '../tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { openModelFolder, readModelConfig } from './model-folder.js';
import { resolveModel } from './resolve.js';

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

/** A tokenizer and a short name of its model, for people. */
export interface NamedTokenizer {
  readonly name: string;
  readonly tokenizer: Tokenizer;
}

/**
 * The tokenizer that training uses with `--model name`. The weights are not needed, and neither is config.json.
 * @throws UserError (model) when there is no such model, or its tokenizer cannot be used.
 */
export async function openModelTokenizer(name: string): Promise<NamedTokenizer> {
  const found = await resolveModel(name, { weights: false });
  if (found.kind === 'preset')
    return { name: found.name, tokenizer: gpt2Tokenizer(presetVocabulary(found.preset)) };
  const hasConfig = existsSync(join(found.folder, 'config.json'));
  const tokenizer = hasConfig ? openModelShape(found.folder).tokenizer : openTokenizer(found.folder);
  return { name: found.name, tokenizer };
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
