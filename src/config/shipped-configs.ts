// The configurations shipped with the package, which `--config` takes by name: `--config quickstart`. Their data paths refer
// to the package. Everything that a run writes goes to the working folder. Files such as templates.example.yaml are no configurations.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Given, GivenOptions } from './schema.js';
import type { TrainOption } from './train-options.js';

/** Relative to dist/src/config/. */
const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(packageFolder, 'configs');
const extension = '.yaml';

/** The names that `--config` accepts, sorted. */
export function shippedConfigNames(): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension) && !file.endsWith(`.example${extension}`))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

/** The shipped file with this name; null when there is none, or `name` is a path or a file of the working folder. */
export function shippedConfigPath(name: string): string | null {
  if (/[/\\.]/.test(name) || existsSync(name) || !shippedConfigNames().includes(name)) return null;
  return join(folder, `${name}${extension}`);
}

/** The options of a shipped config, with its data paths resolved in the package. */
export function withinPackage(given: GivenOptions<TrainOption>): GivenOptions<TrainOption> {
  return new Map([...given].map(([key, entry]) => [key, isData(key) ? inPackage(entry) : entry]));
}

function isData(key: TrainOption): boolean {
  return key === 'data' || key === 'replay' || key === 'evalData';
}

function inPackage(entry: Given): Given {
  const { value } = entry;
  return Array.isArray(value)
    ? { ...entry, value: value.map((path) => join(packageFolder, String(path))) }
    : entry;
}
