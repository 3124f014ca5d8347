// Opens the embedder that a person names, and says where its vectors are kept.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { clock } from '../../../collect/page.js';
import { UserError } from '../../../errors.js';
import { makePrivateFolder, vectorCacheFolders } from '../../../files/user-folders.js';
import { option } from '../../../option-names.js';
import { quoted } from '../../../quote.js';
import { proxiesOf } from '../../../weights/hub-access.js';
import { fetchThrough } from '../../../weights/hub-fetch.js';
import type { Embedder } from './embedder.js';
import { KeptVectors } from './kept-vectors.js';
import type { MeaningSettings } from './meanings.js';

/** What a person says about an embedder, as options or in a bot file. */
export interface EmbedderNames {
  /** The address of a service, or a folder. */
  readonly embedder: string;
  /** The service's name of its model; null for a folder. */
  readonly model: string | null;
}

export interface OpenEmbedderOptions {
  /** The location of the bot's store; null: it has none. */
  readonly store: string | null;
  /** The environment variable with the key of a service. */
  readonly keyVariable?: string | null;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The main file of Transformers.js; undefined for the one that is installed. */
  readonly library?: string | undefined;
}

/** The variable that is looked for when none is named. No other one is sent because a file asks for it. */
export const defaultKeyVariable = 'CHATBOT_EMBEDDER_KEY';

/** @throws UserError (usage, model) */
export async function openMeaning(
  names: EmbedderNames,
  { store, environment = process.env, ...options }: OpenEmbedderOptions,
): Promise<MeaningSettings> {
  const embedder = await openEmbedder(names, environment, options);
  return { embedder, kept: keptVectors(embedder, store, environment), clock };
}

/** @throws UserError (option-invalid) for an address that is none, or has a password in it. */
export function checkedEmbedder({ embedder, model }: EmbedderNames): URL | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(embedder)) {
    if (model !== null)
      throw new UserError(
        'options-conflict',
        `${option('embedderModel')} names the model of a service, but ${quoted(embedder)} is no address; leave it out, or name a service like http://localhost:11434/v1`,
      );
    return null;
  }
  const url = URL.canParse(embedder) ? new URL(embedder) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UserError(
      'option-invalid',
      `${option('embedder')} is not the address of a service; write it like http://localhost:11434/v1`,
    );
  if (url.username !== '' || url.password !== '')
    throw new UserError(
      'option-invalid',
      `${option('embedder')} has a password in it, which others can read; put the key into an environment variable and name that by ${option('embedderKeyVariable')}`,
    );
  if (model === null)
    throw new UserError(
      'options-conflict',
      `${url.href} needs the name of its model; add ${option('embedderModel')}`,
    );
  return url;
}

async function openEmbedder(
  names: EmbedderNames,
  environment: Readonly<Record<string, string | undefined>>,
  { keyVariable = null, library }: Omit<OpenEmbedderOptions, 'store' | 'environment'>,
): Promise<Embedder> {
  const url = checkedEmbedder(names);
  if (url === null) {
    if (keyVariable !== null)
      throw new UserError(
        'options-conflict',
        `${option('embedderKeyVariable')} has no effect with a folder, which needs no key; leave it out`,
      );
    const { folderEmbedder } = await import('./folder-embedder.js');
    return folderEmbedder({ folder: names.embedder, ...(library !== undefined && { library }) });
  }
  const { endpointEmbedder } = await import('./endpoint-embedder.js');
  // A proxy cannot reach what runs on this machine.
  const proxies = isThisMachine(url) ? null : proxiesOf(environment);
  return endpointEmbedder({
    url,
    model: names.model ?? '',
    key: keyOf(keyVariable, environment),
    fetch: await fetchThrough(proxies),
    clock,
  });
}

function keyOf(
  variable: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  const key = environment[variable ?? defaultKeyVariable]?.trim() ?? '';
  if (key === '' && variable === null) return null;
  if (/^[!-~]+$/.test(key)) return key;
  throw new UserError(
    'option-invalid',
    key === ''
      ? `${option('embedderKeyVariable')} names ${variable}, which is not set; set it to the key of the service`
      : `the key in ${quoted(variable ?? defaultKeyVariable)} has characters that no key has; copy it again`,
  );
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === 'localhost' || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]';
}

/** Beside a SQLite store; for a database server, in the user's cache. */
function keptVectors(
  { identity }: Embedder,
  store: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): KeptVectors | null {
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 12);
  if (store !== null && !/^postgres(?:ql)?:/i.test(store))
    return new KeptVectors(`${store}.vectors-${hash}`, identity);
  for (const folder of vectorCacheFolders(environment))
    try {
      makePrivateFolder(folder);
      return new KeptVectors(join(folder, `vectors-${hash}`), identity);
    } catch {
      // The next folder may be writable. Without any, vectors are made again each time.
    }
  return null;
}
