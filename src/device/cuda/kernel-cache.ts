// The kernels as machine code for a card: compiled by NVRTC on first use into the user's cache, found there afterwards.
// An image is named by what went into it: source, options, compiler. Knows nothing of what the kernels do.

import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelCacheFolders } from '../../files/user-folders.js';
import { CodeCache, digest } from '../code-cache.js';
import { architectureOf, type Nvrtc } from './nvrtc.js';

/** What is needed of the compiler. */
export type KernelCompiler = Pick<Nvrtc, 'path' | 'version' | 'architectures' | 'compile'>;

export interface KernelOptions {
  readonly computeCapability: readonly [number, number];
  /** Macros, as `{ SCALAR: 'bf16' }`. */
  readonly defines: Readonly<Record<string, string | number>>;
  /** Called before a compilation, which takes some seconds; not where the cache holds the image. */
  readonly onCompile?: (() => void) | undefined;
  /** XDG_CACHE_HOME, HOME and TMPDIR are read from here. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the sources. */
  readonly folder?: string;
}

/** The text that comes before every source. */
const prelude = 'scalar.cuh';
const flags = ['--std=c++17', '--fmad=true'];

/**
 * The image of one source file, such as `layernorm.cu`.
 * @throws UserError (device) where the compiler does not know the card; Error with its log where it refuses a source.
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
  // The path beside the version: the emulator's compiler is not NVIDIA's.
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
  // Where no folder takes it, the next run compiles again.
  if ('descriptor' in kept) closeSync(kept.descriptor);
  return image;
}
