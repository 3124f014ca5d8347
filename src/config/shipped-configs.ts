// The configurations that come with the package, which `--config` takes by name: `--config quickstart`. Paths to data in
// them belong to the package too; everything that a run writes belongs to the folder that the command runs in.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Given, GivenOptions } from './schema.js';
import type { TrainOption } from './train-options.js';

/** Seen from dist/src/config/. */
const packageFolder = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(packageFolder, 'configs');
const extension = '.yaml';

/** Names that `--config` takes, in order. */
export function shippedConfigNames(): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length))
    .sort();
}

/** The shipped file of that name; null where there is none, or `name` is a path or a file of the working folder. */
export function shippedConfigPath(name: string): string | null {
  if (/[/\\.]/.test(name) || existsSync(name) || !shippedConfigNames().includes(name)) return null;
  return join(folder, `${name}${extension}`);
}

/** The options of a shipped config, with the data that it names found in the package. */
export function withinPackage(given: GivenOptions<TrainOption>): GivenOptions<TrainOption> {
  return new Map([...given].map(([key, entry]) => [key, isData(key) ? inPackage(entry) : entry]));
}

function isData(key: TrainOption): boolean {
  return key === 'data' || key === 'evalData';
}

function inPackage(entry: Given): Given {
  const { value } = entry;
  return Array.isArray(value)
    ? { ...entry, value: value.map((path) => join(packageFolder, String(path))) }
    : entry;
}
