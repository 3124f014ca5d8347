// The caches and the access to the hub. Never prints a secret, never uses the network.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { kernelCacheFolders } from '../../files/user-folders.js';
import { hubAccess, hubCacheFolder, isOffline } from '../../weights/hub-access.js';
import type { Check } from './check.js';

export async function cacheChecks(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const folders = [
    ['kernel cache', kernelCache(env)],
    ['hub cache', hubCacheFolder(env)],
  ] as const;
  return Promise.all(
    folders.map(async ([name, folder]): Promise<Check> => {
      const size = await folderBytes(folder);
      return {
        name,
        state: 'ok',
        detail: `${folder}, ${size === null ? 'not there yet' : formatBytes(size)}`,
      };
    }),
  );
}

/** The first folder that holds kernels or can hold them. */
function kernelCache(env: NodeJS.ProcessEnv): string {
  const folders = kernelCacheFolders(env);
  return folders.find((folder) => existsSync(folder) || mayBeMade(folder)) ?? 'no folder that can be written';
}

/** Whether its nearest existing ancestor is a writable folder. */
function mayBeMade(folder: string): boolean {
  const above = dirname(folder);
  if (!existsSync(above)) return mayBeMade(above);
  try {
    accessSync(above, constants.W_OK);
    return statSync(above).isDirectory();
  } catch {
    return false;
  }
}

/** Bytes of all files below; null if there is no folder. Links are not followed. */
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

/** How the hub will be accessed. Does not try to reach it. */
export function hubCheck(env: NodeJS.ProcessEnv): Check {
  const name = 'Hugging Face';
  try {
    const { endpoint, token, authorization, proxies } = hubAccess(env);
    const details = [
      token !== undefined
        ? env.HF_TOKEN
          ? 'HF_TOKEN is set'
          : 'a token is stored on this machine'
        : authorization !== undefined
          ? 'HF_ENDPOINT has a password'
          : 'HF_TOKEN is not set (only private and gated models need it)',
      ...(env.HF_ENDPOINT ? [`endpoint ${endpoint}`] : []),
      ...(proxies === null ? [] : [`proxy ${proxies.description}`]),
      ...(isOffline(env) ? ['offline'] : []),
    ];
    return { name, state: 'ok', detail: `${details.join(', ')}; network not tried` };
  } catch (thrown) {
    return { name, state: 'absent', detail: messageOf(thrown) };
  }
}
