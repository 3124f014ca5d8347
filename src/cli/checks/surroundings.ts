// What else a run can use: TensorFlow.js, the caches, access to the hub. Never prints a secret, asks no network.

import { existsSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bytes } from '../format.js';
import type { Check } from './check.js';

const tensorflowPackages = ['tfjs-node-gpu', 'tfjs-node', 'tfjs-backend-wasm', 'tfjs'] as const;

/** Packages found from here or from where the command runs, as `npm install` would leave them. */
export function tensorflowCheck(): Check {
  const places = [createRequire(import.meta.url), createRequire(join(process.cwd(), 'package.json'))];
  const installed = tensorflowPackages.filter((name) =>
    places.some((place) =>
      (place.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, '@tensorflow', name))),
    ),
  );
  const later = 'this version does not train with it yet';
  return installed.length > 0
    ? { name: 'TensorFlow.js', state: 'ok', detail: `${installed.join(', ')} installed; ${later}` }
    : { name: 'TensorFlow.js', state: 'absent', detail: `not installed, not needed: ${later}` };
}

/** Where Python's huggingface_hub keeps what it downloads, by the same variables. */
export function hubCacheFolder(env: NodeJS.ProcessEnv): string {
  return env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub');
}

function hubHome(env: NodeJS.ProcessEnv): string {
  return env.HF_HOME || join(cacheHome(env), 'huggingface');
}

function cacheHome(env: NodeJS.ProcessEnv): string {
  return env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
}

export async function cacheChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const folders = [
    ['kernel cache', join(cacheHome(env), 'chatbot-train', 'kernels')],
    ['hub cache', hubCacheFolder(env)],
  ] as const;
  return Promise.all(
    folders.map(async ([name, folder]): Promise<Check> => {
      const size = await folderBytes(folder);
      return { name, state: 'ok', detail: `${folder}, ${size === null ? 'not there yet' : bytes(size)}` };
    }),
  );
}

/** Bytes of all files below; null where there is no folder. Links are not followed. */
async function folderBytes(folder: string): Promise<number | null> {
  let size = 0;
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) size += (await folderBytes(path)) ?? 0;
      else if (entry.isFile()) size += (await lstat(path)).size;
    }
  } catch {
    return null;
  }
  return size;
}

/** How the hub will be asked; whether it answers is not tried. */
export function hubCheck(env: NodeJS.ProcessEnv): Check {
  const tokenFile = env.HF_TOKEN_PATH || join(hubHome(env), 'token');
  const token = env.HF_TOKEN
    ? 'HF_TOKEN is set'
    : existsSync(tokenFile)
      ? `token in ${tokenFile}`
      : 'HF_TOKEN is not set (only private and gated models need it)';
  const endpoint = env.HF_ENDPOINT ? `, endpoint ${withoutPassword(env.HF_ENDPOINT)}` : '';
  const offline = /^(1|true|yes|on)$/i.test(env.HF_HUB_OFFLINE ?? '') ? ', offline by HF_HUB_OFFLINE' : '';
  return { name: 'Hugging Face', state: 'ok', detail: `${token}${endpoint}${offline}; network not tried` };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
