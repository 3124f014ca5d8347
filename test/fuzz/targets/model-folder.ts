// Fuzz target for the JSON files of a model folder: config.json and the shard index.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectedTensors, gpt2ConfigJson } from '../../../src/nn/gpt2-config.js';
import { openModelFolder } from '../../../src/weights/model-folder.js';
import { writeSafetensors } from '../../../src/weights/safetensors.js';
import { tinyConfig } from '../../tiny-run.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateJson } from '../mutate-json.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

const config = { ...tinyConfig, vocabSize: 8, nPositions: 4, nEmbd: 4, nInner: 4, nLayer: 1 };

/** A model with one small block. @param shards number of weight files; more than one adds an index. */
function model(shards: number): Files {
  const tensors = expectedTensors(config).map(({ name, shape }) => ({
    name: name.startsWith('lm_head') ? name : `transformer.${name}`,
    shape,
    data: () => new Float32Array(shape.reduce((product, extent) => product * extent, 1)),
  }));
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-model-'));
  const shardOf = (index: number) => `model-0000${(index % shards) + 1}-of-0000${shards}.safetensors`;
  for (let shard = 0; shard < shards; shard++)
    writeSafetensors(
      join(folder, shards === 1 ? 'model.safetensors' : shardOf(shard)),
      tensors.filter((_, index) => index % shards === shard),
    );
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  rmSync(folder, { recursive: true });
  const map = Object.fromEntries(tensors.map(({ name }, index) => [name, shardOf(index)]));
  return withFiles(files, {
    'config.json': JSON.stringify(gpt2ConfigJson(config, 0), null, 2),
    'model.safetensors.index.json':
      shards === 1 ? undefined : JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }, null, 2),
  });
}

export const modelFolder: Target = {
  about: 'config.json and the index of shards of a model folder, every tensor of it read',
  seeds: [model(1), model(2)],
  mutate(seed, dice, other) {
    const name = dice.pick([...seed.keys()].filter((each) => each.endsWith('.json'))) ?? 'config.json';
    const bytes = fileOf(seed, name);
    const mutant = dice.chance(4)
      ? mutateBytes(bytes, dice, fileOf(other, name))
      : mutateJson(JSON.parse(bytes.toString()), dice);
    return withFiles(seed, { [name]: mutant });
  },
  read(folder) {
    const model = openModelFolder(folder);
    for (const name of model.names) model.read(name);
  },
};
