// Vectors from a sentence model in this process, through Transformers.js (@huggingface/transformers), an optional package. The model
// is a folder with an ONNX file, such as Xenova/all-MiniLM-L6-v2. Texts are read one by one, because the numbers of a model in 8
// bits depend on the texts beside.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, UserError } from '../../../errors.js';
import { findPackage } from '../../../files/installed-package.js';
import { isRecord } from '../../../objects.js';
import { oneLine, quoted } from '../../../quote.js';
import { loadTransformers, transformersPackage } from '../../../weights/transformers-library.js';
import { type Embedder, embedderFailed, ofLengthOne, Width } from './embedder.js';

/** What a folder must have: any of each line. */
const neededFiles: readonly (readonly string[])[] = [
  ['config.json'],
  ['tokenizer.json'],
  ['tokenizer_config.json'],
  ['onnx/model.onnx', 'onnx/model_quantized.onnx'],
];
/** Says how the vectors of the tokens become one. */
const poolingFile = '1_Pooling/config.json';

/** The part of the package that is used here. */
interface Extractor {
  (text: string, options: Record<string, unknown>): Promise<unknown>;
  dispose(): Promise<unknown>;
}

export interface FolderEmbedderOptions {
  readonly folder: string;
  /** The main file of Transformers.js; null if it is not installed. */
  readonly library?: string | null;
}

/** @throws UserError (usage, model) if the package or the model cannot be loaded. */
export async function folderEmbedder({
  folder: given,
  library = findPackage(transformersPackage) ?? null,
}: FolderEmbedderOptions): Promise<Embedder> {
  const folder = resolve(given);
  refuseIncomplete(folder);
  const pooling = poolingOf(folder);
  const extractor = await load(folder, library);
  const width = new Width();
  return {
    name: folder,
    identity: JSON.stringify(['folder', folder, pooling, ...stamps(folder)]),
    embed: async (texts, signal) => {
      const vectors: Float32Array[] = [];
      for (const text of texts) {
        signal.throwIfAborted();
        const vector = await vectorOf(extractor, text, pooling, folder);
        width.hold(vector, folder);
        vectors.push(vector);
        // Without a pause, the program would not see that it is asked to stop.
        await new Promise(setImmediate);
      }
      return vectors;
    },
    close: async () => {
      await extractor.dispose();
    },
  };
}

function refuseIncomplete(folder: string): void {
  const missing = neededFiles.find((names) => !names.some((name) => existsSync(join(folder, name))));
  if (missing)
    throw new UserError(
      'model-incomplete',
      `${folder} has no ${missing.join(' or ')}, which an embedder needs; name the folder of a sentence model that is converted for Transformers.js, such as Xenova/all-MiniLM-L6-v2, or the address of a service`,
    );
}

function poolingOf(folder: string): 'mean' | 'cls' {
  const path = join(folder, poolingFile);
  if (!existsSync(path)) return 'mean';
  const config = parsed(path);
  const modes = Object.entries(isRecord(config) ? config : {}).filter(
    ([key, value]) => key.startsWith('pooling_mode_') && value === true,
  );
  const [mode, other] = modes.map(([key]) => key);
  if (other === undefined && mode === 'pooling_mode_mean_tokens') return 'mean';
  if (other === undefined && mode === 'pooling_mode_cls_token') return 'cls';
  throw new UserError(
    'embedder-unusable',
    `${path} asks for another pooling than the mean or the first token (${quoted(modes.map(([key]) => key).join(', '))}); use another model`,
  );
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw new UserError(
      'embedder-unusable',
      `${path} is not JSON (${oneLine(messageOf(thrown), 100)}); download the model again`,
      { cause: thrown },
    );
  }
}

async function load(folder: string, main: string | null): Promise<Extractor> {
  const library = await loadTransformers(main, 'an embedder in a folder');
  try {
    const hasFull = existsSync(join(folder, 'onnx/model.onnx'));
    const options = { dtype: hasFull ? 'fp32' : 'q8', device: 'cpu' };
    return (await library.pipeline('feature-extraction', folder, options)) as Extractor;
  } catch (thrown) {
    throw new UserError(
      'embedder-unusable',
      `${transformersPackage} cannot load the sentence model ${folder} (${oneLine(messageOf(thrown), 200)})`,
      { cause: thrown },
    );
  }
}

async function vectorOf(
  extractor: Extractor,
  text: string,
  pooling: string,
  folder: string,
): Promise<Float32Array> {
  const answer = await extractor(text, { pooling, normalize: true }).catch((thrown: unknown) => {
    throw embedderFailed(
      `the sentence model ${folder} fails for ${quoted(text)} (${oneLine(messageOf(thrown), 200)}); use another model`,
      thrown,
    );
  });
  const vector = isRecord(answer) && answer.data instanceof Float32Array ? ofLengthOne(answer.data) : null;
  if (vector === null)
    throw embedderFailed(
      `the sentence model ${folder} gives no vector for ${quoted(text)}; use another model`,
    );
  return vector;
}

/** Sizes and times of the model's files, so that a changed model does not use the vectors of another. */
function stamps(folder: string): string[] {
  return [...neededFiles.flat(), poolingFile].flatMap((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return stats ? [`${name} ${stats.size} ${stats.mtimeMs}`] : [];
  });
}
