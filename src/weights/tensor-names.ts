// The names that a GPT-2's tensors have in files of different origins, brought to one set: transformers' names without
// "transformer.". Training wrappers (torch.compile, DataParallel, FSDP, a Lightning module) add parts of their own.

import { UserError } from '../errors.js';
import { quoted } from '../quote.js';
import type { WeightFile } from './weight-file.js';

/** Where a tensor is: its file may have another name for it. */
export interface TensorPlace {
  readonly file: WeightFile;
  readonly nameInFile: string;
}

export interface NamedTensors {
  readonly places: Map<string, TensorPlace>;
  /** The parts of names that wrappers added, each once. */
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

/** transformers' causal masks, which older versions saved with the weights. */
const isBuffer = (name: string): boolean => /^h\.\d+\.attn\.(bias|masked_bias)$/.test(name);

/**
 * @param source how error messages name the weights.
 * @throws UserError (model) where two tensors of the file have one name.
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
