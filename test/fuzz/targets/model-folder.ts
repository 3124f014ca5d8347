// Fuzzing of a model folder's JSON: config.json and the index of its shards.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModelFolder } from '../../../src/weights/model-folder.js';
import { repositoryRoot } from '../../repository.js';
import { mutateBytes } from '../mutate-bytes.js';
import { mutateJson } from '../mutate-json.js';
import { type Files, fileOf, type Target, withFiles } from '../target.js';

function golden(kind: string): Files {
  const folder = join(repositoryRoot, 'test/goldens/weights', kind);
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

export const modelFolder: Target = {
  about: 'config.json and the index of shards of a model folder, every tensor of it read',
  seeds: ['safetensors-sharded', 'zip-sharded'].map(golden),
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
