// Resolves `--model`: a folder on this machine, the preset of a fresh model, or a model of the hub, in that order.

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { isPreset, type Preset, presetNames, unknownPreset } from '../nn/gpt2-config.js';
import { nearest } from '../suggest.js';
import { type FetchOptions, fetchModel } from './hub.js';
import { type HubModel, parseHubId } from './hub-cache.js';

export type ResolvedModel =
  /** `name` is a short name for folders and headings: that of the folder, or of the hub model without its owner. */
  | {
      readonly kind: 'folder';
      readonly name: string;
      readonly folder: string;
      /** Whether it comes from the hub. It may then lack its weights: see `FetchOptions.weights`. */
      readonly fetched: boolean;
    }
  | { readonly kind: 'preset'; readonly name: string; readonly preset: Preset };

const presetPrefix = 'preset:';

/** Whether `name` cannot be a hub id because it looks like a path. */
function looksLikePath(name: string): boolean {
  const [beforeRevision = ''] = name.split('@');
  return /^[./~\\]|^[a-z]:|\\|[/]$/i.test(name) || beforeRevision.split('/').length > 2;
}

/** The model of the hub that a name means if there is no such folder; undefined if it is probably a misspelt path. */
export function hubModelNamed(name: string): HubModel | undefined {
  // `results/mine` could be on the hub, but not if there is a folder `results`.
  const isPath = looksLikePath(name) || (name.includes('/') && existsSync(name.split('/')[0] ?? ''));
  return isPath ? undefined : parseHubId(name);
}

export interface ResolveOptions extends FetchOptions {
  /** False if a fresh model is of no use: a named preset is still accepted, but error messages suggest none. */
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
 * @param name an existing folder, `tiny|small|medium|large` (optionally after `preset:`), or a hub id to download.
 * @throws UserError (model) when it is none of these or cannot be downloaded.
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
  const hub = hubModelNamed(name);
  if (hub === undefined) throw noSuchFolder(name, proposePresets);
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
