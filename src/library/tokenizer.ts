// A model's tokenizer without the model.

import { presetVocabulary } from '../nn/gpt2-config.js';
import { gpt2Tokenizer } from '../tokenizer/gpt2-tokenizer.js';
import { openTokenizer as openFolder } from '../tokenizer/open-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { resolveModel } from '../weights/resolve.js';

/**
 * Opens the tokenizer of a model: a folder, a hub id (only its small files are downloaded), or a preset. `small`, `medium`
 * and `large` use GPT-2's tokenizer; `tiny` uses its first 4,096 tokens.
 *
 * @example
 * ```js
 * import { openTokenizer } from 'chatbot-train';
 *
 * const tokenizer = await openTokenizer('tiny');
 * const ids = tokenizer.encode('Hello!');
 * console.log(ids.length, tokenizer.decode(ids));
 * ```
 *
 * @throws UserError when there is no such model, or its tokenizer cannot be used.
 */
export async function openTokenizer(model: string): Promise<Tokenizer> {
  const found = await resolveModel(model, { weights: false });
  return found.kind === 'preset' ? gpt2Tokenizer(presetVocabulary(found.preset)) : openFolder(found.folder);
}
