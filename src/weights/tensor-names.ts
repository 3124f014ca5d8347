// Normalizes the tensor names of GPT-2 files of any origin to transformers' names without "transformer.". Training wrappers
// (torch.compile, DataParallel, FSDP, a Lightning module) insert additional parts, which are removed.

import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import type { WeightFile } from './weight-file.js';

/** Where a tensor is stored, and its name there. */
export interface TensorPlace {
  readonly file: WeightFile;
  readonly nameInFile: string;
}

export interface NamedTensors {
  readonly places: Map<string, TensorPlace>;
  /** The parts that wrappers inserted, each once. */
  readonly wrappers: readonly string[];
}

export const transformerPrefix = 'transformer.';

const wrapperParts: ReadonlySet<string> = new Set([
  '_orig_mod',
  'module',
  'model',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
]);

/** Whether it is one of transformers' causal masks, which older versions saved with the weights. */
const isBuffer = (name: string): boolean => /^h\.\d+\.attn\.(bias|masked_bias)$/.test(name);

/**
 * @param source the name of the weights in error messages.
 * @throws UserError (model) when two tensors get the same name.
 */
export function nameTensors(source: string, inFile: ReadonlyMap<string, TensorPlace>): NamedTensors {
  const places = new Map<string, TensorPlace>();
  const wrappers = new Set<string>();
  for (const [nameInFile, place] of inFile) {
    const parts = nameInFile.split('.');
    for (const part of parts) if (wrapperParts.has(part)) wrappers.add(part);
    const plain = parts.filter((part) => !wrapperParts.has(part)).join('.');
    const name = plain.startsWith(transformerPrefix) ? plain.slice(transformerPrefix.length) : plain;
    if (isBuffer(name)) continue;
    const other = places.get(name);
    if (other !== undefined)
      throw new UserError(
        'weights-mismatch',
        `${source} has two tensors for ${quoted(name)}, ${quoted(other.nameInFile)} and ${quoted(nameInFile)}; save the model again with transformers`,
      );
    places.set(name, place);
  }
  return { places, wrappers: [...wrappers] };
}
