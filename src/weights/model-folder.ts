// Reads and writes a model folder in the Hugging Face layout: config.json, weights in one of four forms, and a tokenizer.
// All GPT-2 models are opened under one set of tensor names, and saved so that transformers opens them. It does not know
// the contents of tokenizer files.

import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.js';
import { savingError } from '../files/atomic.js';
import { sha256 } from '../files/checksums.js';
import { parseJson } from '../files/parse-json.js';
import { FileRefused, readFileOfFolder } from '../files/regular-file.js';
import {
  expectedTensors,
  type GPT2Config,
  gpt2ConfigJson,
  parseGPT2Config,
  specialTokenIds,
  withTokenIds,
} from '../nn/gpt2-config.js';
import { oneLine, quoted } from '../quote.js';
import { openPytorchBin } from './pytorch-bin.js';
import { openSafetensors, type TensorToSave, writeSafetensors } from './safetensors.js';
import { nameTensors, type TensorPlace, transformerPrefix } from './tensor-names.js';
import type { WeightFile } from './weight-file.js';

export interface ModelFolder {
  readonly folder: string;
  readonly config: GPT2Config;
  /** The names of `expectedTensors(config)`, in that order. All are present and have the shape that the config gives. */
  readonly names: readonly string[];
  /** Messages for the user about how the folder was read, one sentence each. */
  readonly notes: readonly string[];
  /**
   * One tensor, row-major, as float32.
   * @throws UserError (model) when its file is truncated, or the embeddings are tied but lm_head.weight differs.
   */
  read(name: string): Float32Array;
}

/** The files that can contain the weights, in transformers' order of preference. */
export const weightFiles = {
  safetensors: 'model.safetensors',
  safetensorsIndex: 'model.safetensors.index.json',
  pytorch: 'pytorch_model.bin',
  pytorchIndex: 'pytorch_model.bin.index.json',
} as const;

export const weightFileNames: readonly string[] = Object.values(weightFiles);

/** Most bytes of a JSON file. An index with thousands of tensors is smaller, and a config.json is much smaller. */
const longestJson = 2 ** 24;

function readJson(path: string): unknown {
  try {
    return parseJson(readFileOfFolder(path, longestJson).toString('utf8'));
  } catch (thrown) {
    if (thrown instanceof FileRefused)
      throw new UserError('model-index-invalid', `${path} ${thrown.message}; ${thrown.advice}`, {
        cause: thrown,
      });
    throw new UserError(
      'model-index-invalid',
      `${path} cannot be read as JSON (${messageOf(thrown)}); download or copy it again`,
      {
        cause: thrown,
      },
    );
  }
}

function openWeights(path: string): WeightFile {
  return path.endsWith('.safetensors') ? openSafetensors(path) : openPytorchBin(path);
}

/**
 * The shard of each tensor in an index: {weight_map: {tensor: file}}. Shards are in the same folder as the index.
 * @throws UserError (model) when it names a file outside its folder.
 */
export function shardsOf(indexPath: string): ReadonlyMap<string, string> {
  const index = readJson(indexPath);
  const map =
    typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined;
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw new UserError('model-index-invalid', `${indexPath} has no weight_map; download or copy it again`);
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[\w.-]+\.(safetensors|bin)$/.test(shard) || shard.startsWith('.'))
      throw new UserError(
        'model-index-invalid',
        `${indexPath} names ${typeof shard === 'string' ? `the shard ${quoted(shard)}` : 'a shard'} that is not a file of its folder; do not trust this model`,
      );
    shards.set(tensor, shard);
  }
  return shards;
}

function openShards(folder: string, indexName: string): Map<string, TensorPlace> {
  const indexPath = join(folder, indexName);
  const shards = shardsOf(indexPath);
  const files = new Map<string, WeightFile>();
  const places = new Map<string, TensorPlace>();
  for (const [nameInFile, shard] of shards) {
    const file = files.get(shard) ?? openWeights(join(folder, shard));
    files.set(shard, file);
    if (!file.tensors.has(nameInFile))
      throw new UserError(
        'weights-mismatch',
        `${file.path} has no tensor ${quoted(nameInFile)}, but ${indexPath} lists it there; download both again`,
      );
    places.set(nameInFile, { file, nameInFile });
  }
  return places;
}

/** Describes the contents of a folder that is not a model. */
function contentsOf(folder: string): string {
  const names = namesIn(folder).filter((name) => !name.startsWith('.'));
  if (names.length === 0) return 'is empty';
  const shown = names
    .sort()
    .slice(0, 6)
    .map((name) => oneLine(name, 60))
    .join(', ');
  return `holds ${shown}${names.length > 6 ? ` and ${names.length - 6} more` : ''}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    throw new UserError('model-not-found', `${folder} cannot be read (${messageOf(thrown)})`, {
      cause: thrown,
    });
  }
}

const needed = `config.json and ${weightFiles.safetensors} or ${weightFiles.pytorch}`;

function noModel(folder: string): UserError {
  const names = namesIn(folder);
  if (names.includes('adapter_config.json'))
    return new UserError(
      'model-not-found',
      `${folder} is an adapter, not a whole model; merge it into its base model with merge_and_unload() of peft, and save the result`,
    );
  const inside = names.find((name) => existsSync(join(folder, name, 'config.json')));
  const suggestion = inside === undefined ? '' : `; did you mean ${join(folder, oneLine(inside))}?`;
  return new UserError(
    'model-not-found',
    `${folder} is not a model folder: it ${contentsOf(folder)}, but needs ${needed}${suggestion}`,
  );
}

function checkFolder(folder: string): void {
  if (!existsSync(folder))
    throw new UserError('model-not-found', `there is no folder ${folder}; check its spelling`);
  if (!statSync(folder).isDirectory())
    throw new UserError('model-not-found', `${folder} is a file; name the folder that holds ${needed}`);
  if (!existsSync(join(folder, 'config.json'))) throw noModel(folder);
}

function locate(folder: string): { source: string; inFile: Map<string, TensorPlace> } {
  const source = weightFileNames.find((name) => existsSync(join(folder, name)));
  if (source === undefined)
    throw new UserError(
      'model-not-found',
      `${folder} has no weights that can be read: it ${contentsOf(folder)}, but needs ${weightFileNames.join(', ')}`,
    );
  const path = join(folder, source);
  if (source.endsWith('.index.json')) return { source: path, inFile: openShards(folder, source) };
  const file = openWeights(path);
  const inFile = [...file.tensors.keys()].map((nameInFile): [string, TensorPlace] => [
    nameInFile,
    { file, nameInFile },
  ]);
  return { source: path, inFile: new Map(inFile) };
}

function sameShape(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((extent, axis) => extent === other[axis]);
}

function checkTensors(source: string, places: ReadonlyMap<string, TensorPlace>, config: GPT2Config): void {
  for (const { name, shape } of expectedTensors(config)) {
    const place = places.get(name);
    if (place === undefined) {
      const untied = name === 'lm_head.weight' ? ' (config.json says tie_word_embeddings false)' : '';
      throw new UserError(
        'weights-mismatch',
        `${source} has no tensor ${name}${untied}; it is not a complete GPT-2, or its config.json belongs to another model`,
      );
    }
    const found = place.file.tensors.get(place.nameInFile)?.shape ?? [];
    if (!sameShape(found, shape))
      throw new UserError(
        'weights-mismatch',
        `${place.file.path}: tensor ${name} is [${found.join(', ')}], but config.json requires [${shape.join(', ')}]; use the config.json that was saved with these weights`,
      );
  }
}

function sameBits(one: Float32Array, other: Float32Array): boolean {
  const bytesOf = (array: Float32Array): Buffer =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return bytesOf(one).equals(bytesOf(other));
}

/** The files that can contain the ids of special tokens; config.json takes precedence. */
const configFiles = { model: 'config.json', generation: 'generation_config.json' } as const;

/** Reads the config of a model, with or without its weights. @throws UserError (model) when it is not a GPT-2. */
export function readModelConfig(folder: string): GPT2Config {
  checkFolder(folder);
  const path = join(folder, configFiles.model);
  const config = parseGPT2Config(readJson(path), path);
  const generation = join(folder, configFiles.generation);
  return existsSync(generation) ? withTokenIds(config, readJson(generation)) : config;
}

/** Opens a model for reading. Weights are loaded only when `read` is called. */
export function openModelFolder(folder: string): ModelFolder {
  const config = readModelConfig(folder);
  const { source, inFile } = locate(folder);
  const { places, wrappers } = nameTensors(source, inFile);
  const head = config.tieWordEmbeddings ? places.get('lm_head.weight') : undefined;
  // PyTorch may save tied embeddings under the second name only.
  if (head !== undefined && !places.has('wte.weight')) places.set('wte.weight', head);
  checkTensors(source, places, config);
  const names = expectedTensors(config).map(({ name }) => name);
  return {
    folder,
    config,
    names,
    notes: [...wrapperNotes(source, wrappers), ...unusedNotes(source, places, names)],
    read(name) {
      const place = places.get(name);
      if (place === undefined || !names.includes(name)) throw new RangeError(`a GPT-2 has no tensor ${name}`);
      const elements = place.file.read(place.nameInFile);
      // PyTorch saves a tied head next to the embedding. If they differ, transformers silently unties them. That is
      // probably a mistake, so it is an error here.
      if (
        name === 'wte.weight' &&
        head !== undefined &&
        head !== place &&
        !sameBits(elements, head.file.read(head.nameInFile))
      )
        throw new UserError(
          'weights-mismatch',
          `${source}: lm_head.weight differs from wte.weight, but ${join(folder, 'config.json')} says that they are tied; set "tie_word_embeddings": false there`,
        );
      return elements;
    },
  };
}

function wrapperNotes(source: string, wrappers: readonly string[]): string[] {
  if (wrappers.length === 0) return [];
  const parts = wrappers.map((part) => `"${part}."`).join(' and ');
  return [`${source}: ${parts} in tensor names, which a training wrapper added, is ignored`];
}

function unusedNotes(
  source: string,
  places: ReadonlyMap<string, TensorPlace>,
  names: readonly string[],
): string[] {
  const used = new Set([...names, 'lm_head.weight']);
  const unused = [...places].filter(([name]) => !used.has(name)).map(([, { nameInFile }]) => nameInFile);
  if (unused.length === 0) return [];
  const shown = unused
    .slice(0, 3)
    .map((name) => quoted(name))
    .join(', ');
  const more = unused.length > 3 ? ` and ${unused.length - 3} more` : '';
  return [`${source} has tensors that a GPT-2 does not have, and they are not used: ${shown}${more}`];
}

export interface ModelToSave {
  readonly config: GPT2Config;
  /** All of `expectedTensors(config)`, under these names. Each tensor's data is requested once, when it is written. */
  readonly tensors: Iterable<TensorToSave>;
  /** The tokenizer's id of <|endoftext|>. */
  readonly endOfText: number;
  /** Contents by file name. */
  readonly tokenizerFiles: ReadonlyMap<string, string>;
  /** Contents of additional files by file name. */
  readonly extra?: ReadonlyMap<string, string>;
}

/** A mistake here would lose the whole training run, so this checks before anything is written. */
function checkComplete(config: GPT2Config, tensors: readonly TensorToSave[]): void {
  const given = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const expected = expectedTensors(config);
  for (const { name, shape } of expected)
    if (!sameShape(given.get(name) ?? [], shape))
      throw new RangeError(`tensor ${name} to save is [${given.get(name)}], but the model needs [${shape}]`);
  if (given.size !== expected.length || tensors.length !== expected.length)
    throw new RangeError(`there are ${tensors.length} tensors to save, but the model has ${expected.length}`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Writes a model that transformers' GPT2LMHeadModel and AutoTokenizer open into an existing folder (see replaceFolder).
 * @returns the SHA-256 of each file.
 * @throws UserError (device) when the disk is full or not writable.
 */
export function saveModelFolder(folder: string, model: ModelToSave): Map<string, string> {
  const { config, endOfText, tokenizerFiles, extra = new Map<string, string>() } = model;
  const tensors = [...model.tensors];
  checkComplete(config, tensors);
  const named = tensors.map(({ name, shape, data }) => ({
    name: name === 'lm_head.weight' ? name : `${transformerPrefix}${name}`,
    shape,
    data,
  }));
  const weights = writeSafetensors(join(folder, weightFiles.safetensors), named);
  const sums = new Map([[weightFiles.safetensors as string, weights]]);
  const files = new Map([
    [configFiles.model, json(gpt2ConfigJson(config, endOfText))],
    [configFiles.generation, json({ ...specialTokenIds(config, endOfText), _from_model_config: true })],
    ...tokenizerFiles,
    ...extra,
  ]);
  for (const [name, text] of files) {
    const path = join(folder, name);
    try {
      writeFileSync(path, text);
    } catch (thrown) {
      throw savingError(path, thrown);
    }
    sums.set(name, sha256(text));
  }
  return sums;
}
