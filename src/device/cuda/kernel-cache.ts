// Machine code of the kernels: compiled by NVRTC for one architecture, kept on disk under a name that says what went into
// it (source, options, compiler). A kept file that cannot be read or written costs a compilation, nothing more.

import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolders } from '../cpu/compiler.js';
import type { Nvrtc } from './nvrtc.js';

const sources = fileURLToPath(new URL('./kernels/', import.meta.url));

export interface KernelSource {
  /** A file of kernels/. */
  readonly file: string;
  readonly defines: Readonly<Record<string, string | number>>;
}

/**
 * The cubin of a source. @param architecture as in sm_90. @param onCompile called where none is kept.
 */
export function kernelImage(
  nvrtc: Nvrtc,
  architecture: string,
  { file, defines }: KernelSource,
  { env = process.env, onCompile }: { env?: NodeJS.ProcessEnv; onCompile?: (() => void) | undefined } = {},
): Uint8Array {
  const source = ['scalar.cuh', file].map((name) => readFileSync(join(sources, name), 'utf8')).join('\n');
  const options = [
    `--gpu-architecture=${architecture}`,
    '--std=c++17',
    ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
  ];
  const key = createHash('sha256')
    .update(JSON.stringify([nvrtc.version, nvrtc.path, options, source]))
    .digest('hex')
    .slice(0, 32);
  const name = `${file.replace(/\.cu$/, '')}-${architecture}-${key}.cubin`;
  const folders = cacheFolders(env).map((folder) => join(folder, 'cuda'));
  for (const folder of folders) {
    const kept = readIfThere(join(folder, name));
    if (kept !== undefined) return kept;
  }
  onCompile?.();
  const { image } = nvrtc.compile(source, file, options);
  folders.some((folder) => keep(folder, name, image));
  return image;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    const image = readFileSync(path);
    return image.length > 0 ? image : undefined;
  } catch {
    return undefined;
  }
}

function keep(folder: string, name: string, image: Uint8Array): boolean {
  const partial = join(folder, `${name}.${randomUUID()}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(partial, image);
    renameSync(partial, join(folder, name));
    return true;
  } catch {
    rmSync(partial, { force: true });
    return false;
  }
}
