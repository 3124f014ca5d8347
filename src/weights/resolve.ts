// What `--model` names: a folder on this machine, the preset of a fresh model, or a model of the hub. In that order.

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { isPreset, type Preset, presetNames, unknownPreset } from '../nn/gpt2-config.js';
import { nearest } from '../suggest.js';
import { type FetchOptions, fetchModel } from './hub.js';
import { parseHubId } from './hub-cache.js';

export type ResolvedModel =
  /** `name` is short, for folders and headlines: the folder's own, or the hub's without its owner. */
  | {
      readonly kind: 'folder';
      readonly name: string;
      readonly folder: string;
      /** Of the hub, which does not always have its weights with it: see `FetchOptions.weights`. */
      readonly fetched: boolean;
    }
  | { readonly kind: 'preset'; readonly name: string; readonly preset: Preset };

const presetPrefix = 'preset:';

/** No name on the hub looks like this. */
function looksLikePath(name: string): boolean {
  const [beforeRevision = ''] = name.split('@');
  return /^[./~\\]|^[a-z]:|\\|[/]$/i.test(name) || beforeRevision.split('/').length > 2;
}

export interface ResolveOptions extends FetchOptions {
  /** False where a fresh model is of no use: a preset is found where it is named, but never proposed. */
  readonly proposePresets?: boolean;
}

function noSuchFolder(name: string, proposePresets: boolean): UserError {
  const preset = proposePresets ? 'a preset (tiny) or ' : '';
  return new UserError(
    'model-not-found',
    `there is no folder ${name}; check its spelling, or name ${preset}a model of the hub (microsoft/DialoGPT-small)`,
  );
}

/**
 * @param name an existing folder, `tiny|small|medium|large` (perhaps after `preset:`), or a hub id, which is fetched.
 * @throws UserError (model) when it is none of these, or cannot be fetched.
 */
export async function resolveModel(
  name: string,
  { proposePresets = true, ...options }: ResolveOptions = {},
): Promise<ResolvedModel> {
  if (name.startsWith(presetPrefix)) {
    const preset = name.slice(presetPrefix.length);
    if (isPreset(preset)) return { kind: 'preset', name: preset, preset };
    throw unknownPreset(preset);
  }
  if (name !== '' && existsSync(name))
    return { kind: 'folder', name: basename(resolve(name)), folder: name, fetched: false };
  if (isPreset(name)) return { kind: 'preset', name, preset: name };
  const hub = parseHubId(name);
  // `results/mine` could be on the hub, but where there is a folder `results` it is a misspelt path.
  if (
    hub === undefined ||
    looksLikePath(name) ||
    (name.includes('/') && existsSync(name.split('/')[0] ?? ''))
  )
    throw noSuchFolder(name, proposePresets);
  try {
    return { kind: 'folder', name: basename(hub.id), folder: await fetchModel(name, options), fetched: true };
  } catch (thrown) {
    const preset = proposePresets ? nearest(name, presetNames) : undefined;
    if (!(thrown instanceof UserError) || preset === undefined) throw thrown;
    throw new UserError(thrown.code, `${thrown.sentence}; did you mean the preset ${preset}?`, {
      cause: thrown,
    });
  }
}
