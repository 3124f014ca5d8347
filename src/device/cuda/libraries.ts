// Where NVIDIA's libraries lie: libcuda comes with the driver, libnvrtc and libcublasLt with CUDA, conda or a Python
// environment. Looks, loads nothing. CHATBOT_TRAIN_CUDA_LIBRARIES names a folder that is looked into alone.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { UserError } from '../../errors.js';
import { driverCure } from './errors.js';

/** A library of CUDA 12 or 13. */
export type ToolkitLibrary = 'libnvrtc' | 'libcublasLt';
export type Library = 'libcuda' | ToolkitLibrary;

/** CUDA 13 knows no card before sm_75, and needs a driver of CUDA 13. */
const newestForVolta = 12;
const knownMajors = [13, 12] as const;

const pipPackages = {
  libnvrtc: { 12: 'nvidia-cuda-nvrtc-cu12', 13: 'nvidia-cuda-nvrtc' },
  libcublasLt: { 12: 'nvidia-cublas-cu12', 13: 'nvidia-cublas' },
} as const;

/** The command that brings a library. */
export function cureOf(name: Library, majors: readonly number[] = [newestForVolta]): string {
  if (name === 'libcuda') return driverCure;
  return `pip install ${pipPackages[name][majors[0] === 13 ? 13 : 12]}`;
}

/**
 * The major versions of CUDA whose libraries suit a driver and a card, the best first.
 * @param driverVersion as cuDriverGetVersion gives it: 12040 is 12.4.
 */
export function suitableMajors(
  driverVersion: number,
  computeCapability: readonly [number, number],
): number[] {
  const [major, minor] = computeCapability;
  const newest = 10 * major + minor < 75 ? newestForVolta : Math.floor(driverVersion / 1000);
  return knownMajors.filter((known) => known <= newest);
}

/**
 * The path of a library.
 * @param majors the versions that will do, the best first; any where there are none.
 * @throws UserError (device) where it is not found.
 */
export function requireLibrary(
  name: Library,
  env: NodeJS.ProcessEnv,
  majors: readonly number[] = [],
): string {
  const folders = libraryFolders(env);
  const path = findLibrary(name, folders, majors);
  if (path !== undefined) return path;
  const where = env.CHATBOT_TRAIN_CUDA_LIBRARIES
    ? ` in ${env.CHATBOT_TRAIN_CUDA_LIBRARIES} (CHATBOT_TRAIN_CUDA_LIBRARIES)`
    : '';
  const unsuitable = findLibrary(name, folders);
  const what =
    name === 'libcuda'
      ? `no NVIDIA driver is found (${name}.so.1)`
      : unsuitable === undefined
        ? `${name} of CUDA ${majors.join(' or ') || '12 or 13'} is not found`
        : `${unsuitable} does not suit this GPU and its driver, which take CUDA ${majors.join(' or ')}`;
  throw new UserError(
    'device',
    `--device cuda: ${what}${where}: ${cureOf(name, majors)}, or use --device cpu.`,
  );
}

/** Where a library may lie, in the order of search: CUDA's own folders, the loader's, conda's, those of pip packages. */
export function libraryFolders(env: NodeJS.ProcessEnv): string[] {
  if (env.CHATBOT_TRAIN_CUDA_LIBRARIES) return [env.CHATBOT_TRAIN_CUDA_LIBRARIES];
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, '/usr/local/cuda', ...matching('/usr/local', /^cuda-/)];
  const pythons = [
    ...[env.VIRTUAL_ENV, env.CONDA_PREFIX, join(env.HOME ?? homedir(), '.local'), '/usr/local'].flatMap(
      (prefix) => (prefix ? matching(join(prefix, 'lib'), /^python3/) : []),
    ),
    '/usr/lib/python3',
  ];
  return [
    ...toolkits.flatMap((home) =>
      home
        ? ['lib64', 'lib', 'targets/x86_64-linux/lib', 'targets/sbsa-linux/lib'].map((part) =>
            join(home, part),
          )
        : [],
    ),
    ...(env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...loaderFolders(),
    ...(env.CONDA_PREFIX ? [join(env.CONDA_PREFIX, 'lib')] : []),
    ...pythons.flatMap((python) =>
      ['site-packages', 'dist-packages'].flatMap((packages) =>
        matching(join(python, packages, 'nvidia'), /^\w/).map((folder) => join(folder, 'lib')),
      ),
    ),
  ];
}

let configuredFolders: string[] | undefined;

/** The folders that the system's loader searches, from its configuration. */
function loaderFolders(): string[] {
  if (configuredFolders !== undefined) return configuredFolders;
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const usual = [`/usr/lib/${triple}`, `/lib/${triple}`, '/usr/lib64', '/usr/lib', '/usr/lib/wsl/lib'];
  const { stdout } = spawnSync('/sbin/ldconfig', ['-N', '-v', '-X'], { encoding: 'utf8', timeout: 10_000 });
  const configured = [...(stdout ?? '').matchAll(/^(\/[^:\n]+):/gm)].map(([, folder = '']) => folder);
  configuredFolders = [...new Set([...configured, ...usual])];
  return configuredFolders;
}

/**
 * The library of the first suitable version that a folder has; of several folders the first.
 * @param majors the versions that will do, the best first; any where there are none.
 */
export function findLibrary(
  name: string,
  folders: readonly string[],
  majors: readonly number[] = [],
): string | undefined {
  const endings = majors.length === 0 ? ['(\\.\\d+)*'] : majors.map((major) => `\\.${major}(\\.\\d+)*`);
  for (const ending of endings) {
    for (const folder of folders) {
      const files = matching(folder, new RegExp(`^${name}\\.so${ending}$`)).filter((path) =>
        existsSync(path),
      );
      // The shortest is the one that the versions are linked from.
      const [path] = files.sort((a, b) => a.length - b.length);
      if (path !== undefined) return path;
    }
  }
  return undefined;
}

function matching(folder: string, name: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => name.test(entry))
      .sort()
      .map((entry) => join(folder, entry));
  } catch {
    return [];
  }
}
