// The kernels as machine code for a card. NVRTC compiles them on first use; the user's cache holds them afterwards. An
// image is named by the hash of its inputs: source, options, compiler. Knows nothing of what the kernels do.

import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelCacheFolders } from '../../files/user-folders.js';
import { CodeCache, digest } from '../code-cache.js';
import { architectureOf, type Nvrtc } from './nvrtc.js';

/** The part of the compiler that the cache uses. */
export type KernelCompiler = Pick<Nvrtc, 'path' | 'version' | 'architectures' | 'compile'>;

export interface KernelOptions {
  readonly computeCapability: readonly [number, number];
  /** Macros, for example `{ SCALAR: 'bf16' }`. */
  readonly defines: Readonly<Record<string, string | number>>;
  /** Called before a compilation, which takes several seconds, but not if the cache holds the image. */
  readonly onCompile?: (() => void) | undefined;
  /** XDG_CACHE_HOME, HOME and TMPDIR are read from here. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the kernel sources. */
  readonly folder?: string;
}

/** The text that is placed before every source. */
const prelude = 'scalar.cuh';
const flags = ['--std=c++17', '--fmad=true'];

/**
 * The image of one source file, such as `layernorm.cu`.
 * @throws UserError (device) if the compiler does not know the card; Error with the log if it rejects a source
 */
export function kernelImage(nvrtc: KernelCompiler, file: string, options: KernelOptions): Uint8Array {
  const folder = options.folder ?? fileURLToPath(new URL('kernels/', import.meta.url));
  const texts = [prelude, file].map(
    (name) => `#line 1 "${name}"\n${readFileSync(join(folder, name), 'utf8')}`,
  );
  const source = texts.join('\n');
  const defines = Object.entries(options.defines).map(([name, value]) => `-D${name}=${value}`);
  const compilation = [
    `--gpu-architecture=${architectureOf(nvrtc, options.computeCapability)}`,
    ...flags,
    ...defines,
  ];
  // The path as well as the version: the emulator's compiler reports NVIDIA's version.
  const key = digest(JSON.stringify([source, compilation, nvrtc.version, nvrtc.path]));
  const cache = new CodeCache(kernelCacheFolders(options.env ?? process.env), '.cubin');
  const found = cache.find(key);
  if (found !== undefined) {
    closeSync(found.descriptor);
    return found.content;
  }
  options.onCompile?.();
  const { image } = nvrtc.compile(source, file, compilation);
  const kept = cache.keep(key, image);
  // If no folder accepts it, the next run compiles again.
  if ('descriptor' in kept) closeSync(kept.descriptor);
  return image;
}
