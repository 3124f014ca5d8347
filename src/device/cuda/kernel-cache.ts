// The kernels as machine code for a card: compiled by NVRTC on first use into the user's cache, found there afterwards.
// An image is named by what went into it (source, options, compiler) and by the hash of its own bytes, so that a damaged
// one is compiled anew. Knows nothing of what the kernels do.

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../../files/atomic.js';
import { makeFolder } from '../../files/make-folder.js';
import { kernelCacheFolders } from '../../files/user-folders.js';
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
  const caches = kernelCacheFolders(options.env ?? process.env);
  for (const cache of caches) {
    const image = cached(cache, key);
    if (image !== undefined) return image;
  }
  options.onCompile?.();
  const { image } = nvrtc.compile(source, file, compilation);
  store(image, key, caches);
  return image;
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40);
}

function isOursAlone(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  return uid === userInfo().uid && (mode & 0o170022) === 0o040000;
}

/** The undamaged image of that key; damaged ones are removed. */
function cached(cache: string, key: string): Uint8Array | undefined {
  try {
    if (!isOursAlone(cache)) return undefined;
    for (const name of readdirSync(cache)) {
      if (!name.startsWith(`${key}-`)) continue;
      const path = join(cache, name);
      const image = readFileSync(path);
      if (name === `${key}-${digest(image)}.cubin`) return image;
      rmSync(path);
    }
  } catch {
    // A cache that cannot be read holds nothing for us.
  }
  return undefined;
}

/** The first cache that takes the image holds it from now on; without one the next run compiles again. */
function store(image: Uint8Array, key: string, caches: readonly string[]): void {
  for (const cache of caches) {
    try {
      makeFolder(cache, 0o700);
      if (!isOursAlone(cache)) continue;
      writeFileAtomic(join(cache, `${key}-${digest(image)}.cubin`), image);
      return;
    } catch {
      // The next one, then.
    }
  }
}
