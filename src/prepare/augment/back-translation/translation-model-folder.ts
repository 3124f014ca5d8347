// The folder of a translation model: on this machine, or downloaded from the hub into the usual cache.

import { existsSync } from 'node:fs';
import { UserError } from '../../../errors.js';
import { quoted } from '../../../quote.js';
import { type FetchOptions, fetchModelFiles } from '../../../weights/hub.js';
import { hubModelNamed } from '../../../weights/resolve.js';
import { neededFiles } from './transformers.js';

/** @throws UserError (model) if there is neither a folder nor a model of the hub with this name. */
export async function translationModelFolder(name: string, options: FetchOptions = {}): Promise<string> {
  if (name !== '' && existsSync(name)) return name;
  if (hubModelNamed(name) !== undefined) return fetchModelFiles(name, neededFiles, options);
  throw new UserError(
    'model-not-found',
    `there is no folder ${quoted(name)} with a translation model; check its spelling, or name a model of the hub, such as Xenova/opus-mt-en-es`,
  );
}
