// Where NVIDIA's libraries lie: libcuda comes with the driver, libnvrtc and libcublasLt with CUDA, conda or a Python
// environment. Looks, loads nothing, starts no program: a machine without an NVIDIA card must not notice.
// CHATBOT_TRAIN_CUDA_LIBRARIES names a folder that is looked into alone.

import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { homeFolder } from '../../files/user-folders.js';
import { CudaUnavailable, driverCure, requireDriverVersion, UnusableLibrary } from './errors.js';

/** Of CUDA 12 or 13. */
export const toolkitLibraries = ['libnvrtc', 'libcublasLt'] as const;
export type ToolkitLibrary = (typeof toolkitLibraries)[number];
export type Library = 'libcuda' | ToolkitLibrary;

/** CUDA 13 knows no card before sm_75, and needs a driver of CUDA 13. */
const newestForVolta = 12;
const knownMajors = [13, 12] as const;

const pipPackages = {
  libnvrtc: { 12: 'nvidia-cuda-nvrtc-cu12', 13: 'nvidia-cuda-nvrtc' },
  libcublasLt: { 12: 'nvidia-cublas-cu12', 13: 'nvidia-cublas' },
} as const;

/**
 * The command that brings libraries, to a place that is searched: the Python environment in use, else one beside the
 * project.
 * @param majors suitable versions of CUDA, the best first. @param remedy for what is there and will not do.
 */
export function cureOf(
  names: readonly Library[],
  majors: readonly number[],
  env: NodeJS.ProcessEnv,
  remedy?: UnusableLibrary['remedy'],
): string {
  const packages = names.flatMap((name) =>
    name === 'libcuda' ? [] : [pipPackages[name][majors[0] === 13 ? 13 : 12]],
  );
  if (packages.length === 0) return driverCure;
  const pip =
    env.VIRTUAL_ENV || env.CONDA_PREFIX ? 'pip' : 'python3 -m venv .venv && .venv/bin/python -m pip';
  return [pip, 'install', ...(remedy ? [remedy] : []), ...packages].join(' ');
}

/**
 * The major versions of CUDA whose libraries suit a driver and a card, the best first.
 * @param driverVersion as cuDriverGetVersion gives it: 12040 is 12.4.
 * @throws CudaUnavailable for a driver that is too old for all of them.
 */
export function suitableMajors(
  driverVersion: number,
  computeCapability: readonly [number, number],
): number[] {
  requireDriverVersion(driverVersion);
  const [major, minor] = computeCapability;
  const newest = 10 * major + minor < 75 ? newestForVolta : Math.floor(driverVersion / 1000);
  return knownMajors.filter((known) => known <= newest);
}

export interface Wanted {
  readonly env: NodeJS.ProcessEnv;
  /** The versions of CUDA that will do, the best first; any where there are none. */
  readonly majors?: readonly number[];
}

/** @throws CudaUnavailable, with one command for all that lack, where not all are found. */
export function requireLibraries(names: readonly Library[], wanted: Wanted): void {
  const folders = libraryFolders(wanted.env);
  const lacking = names.filter((name) => findLibrary(name, folders, wanted.majors) === undefined);
  if (lacking.length > 0) throw notFound(lacking, wanted);
}

/**
 * The first library that will do, opened: a damaged one is no reason to do without.
 * @param open throws UnusableLibrary for one that will not do.
 * @throws CudaUnavailable where none is found or none will do.
 */
export function openLibrary<Opened>(name: Library, wanted: Wanted, open: (path: string) => Opened): Opened {
  const { env, majors = [] } = wanted;
  let refused: UnusableLibrary | undefined;
  for (const path of findLibraries(name, libraryFolders(env), majors)) {
    try {
      return open(path);
    } catch (thrown) {
      if (!(thrown instanceof UnusableLibrary)) throw thrown;
      refused ??= thrown;
    }
  }
  if (refused === undefined) throw notFound([name], wanted);
  throw new CudaUnavailable(refused.reason, cureOf([name], majors, env, refused.remedy));
}

function notFound(lacking: readonly Library[], { env, majors = [] }: Wanted): CudaUnavailable {
  const folders = libraryFolders(env);
  const unsuitable = lacking.flatMap((name) => findLibrary(name, folders) ?? []);
  const [are, does] = lacking.length > 1 ? ['are', 'do'] : ['is', 'does'];
  const where = env.CHATBOT_TRAIN_CUDA_LIBRARIES
    ? ` in ${env.CHATBOT_TRAIN_CUDA_LIBRARIES} (CHATBOT_TRAIN_CUDA_LIBRARIES)`
    : '';
  const reason = lacking.includes('libcuda')
    ? `no NVIDIA driver is found (libcuda.so.1${where})`
    : unsuitable.length < lacking.length
      ? `${lacking.join(' and ')} of CUDA ${majors.join(' or ') || '12 or 13'} ${are} not found${where}`
      : `${unsuitable.join(' and ')} ${does} not suit this GPU and its driver, which take CUDA ${majors.join(' or ')}`;
  return new CudaUnavailable(reason, cureOf(lacking, majors, env));
}

/**
 * Where a library may lie, in the order of search: CUDA's own folders, the loader's, conda's, those of Python packages.
 * Some may not exist.
 */
export function libraryFolders(env: NodeJS.ProcessEnv): string[] {
  if (env.CHATBOT_TRAIN_CUDA_LIBRARIES) return [env.CHATBOT_TRAIN_CUDA_LIBRARIES];
  const newestFirst = matching('/usr/local', /^cuda-/).reverse();
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, '/usr/local/cuda', ...newestFirst].filter((home) => home);
  const parts = ['lib64', 'lib', `targets/${process.arch === 'arm64' ? 'sbsa' : 'x86_64'}-linux/lib`];
  const folders = [
    ...toolkits.flatMap((home) => parts.map((part) => join(String(home), part))),
    ...(env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...loaderFolders(),
    ...(env.CONDA_PREFIX ? [join(env.CONDA_PREFIX, 'lib')] : []),
    ...pythonPrefixes(env).flatMap(packageFolders),
  ];
  return [...new Set(folders)];
}

/** The folders of which the system's loader knows libraries (its cache keeps their paths as text), and the usual ones. */
function loaderFolders(cache = '/etc/ld.so.cache'): string[] {
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const usual = [`/usr/lib/${triple}`, `/lib/${triple}`, '/usr/lib64', '/usr/lib'];
  const driverOnly = ['/usr/lib/wsl/lib', '/run/opengl-driver/lib'];
  let text = '';
  try {
    text = readFileSync(cache, 'latin1');
  } catch {
    // Not every system has one.
  }
  const cached = [...text.matchAll(/\0(\/[^\0]*)\/[^/\0]+(?=\0)/g)].map(([, folder = '']) => folder);
  return [...cached, ...usual, ...driverOnly];
}

/** Where Pythons have their lib/python3.X: the environment in use, the one beside the project, the first on the PATH, the system's. */
function pythonPrefixes(env: NodeJS.ProcessEnv): string[] {
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((folder) => {
    try {
      const python = join(folder, 'python3');
      return [folder, dirname(realpathSync(python))].map(dirname);
    } catch {
      return [];
    }
  });
  return [
    ...(env.VIRTUAL_ENV ? [env.VIRTUAL_ENV] : []),
    resolve('.venv'),
    ...(env.CONDA_PREFIX ? [env.CONDA_PREFIX] : []),
    ...onPath.slice(0, 2),
    join(homeFolder(env), '.local'),
    '/usr/local',
    '/usr',
  ];
}

/** The lib folders of NVIDIA's packages: nvidia/cublas/lib of CUDA 12, nvidia/cu13/lib. */
function packageFolders(prefix: string): string[] {
  return matching(join(prefix, 'lib'), /^python3/).flatMap((python) =>
    matching(python, /^(site|dist)-packages$/).flatMap((packages) => {
      const installed = matching(join(packages, 'nvidia'), /^\w/).map((folder) => join(folder, 'lib'));
      return installed.length > 0 ? installed : [join(packages, 'nvidia', '*', 'lib')];
    }),
  );
}

/** The one that is taken where all will do. */
export function findLibrary(
  name: string,
  folders: readonly string[],
  majors: readonly number[] = [],
): string | undefined {
  return findLibraries(name, folders, majors)[0];
}

/**
 * The library's files by version, as `majors` has them, then by folder; one of each version in a folder.
 * @param majors the versions that will do, the best first; any where there are none.
 */
function findLibraries(name: string, folders: readonly string[], majors: readonly number[]): string[] {
  const endings = majors.length === 0 ? ['(\\.\\d+)*'] : majors.map((major) => `\\.${major}(\\.\\d+)*`);
  return endings.flatMap((ending) =>
    folders.flatMap((folder) => {
      const files = matching(folder, new RegExp(`^${name}\\.so${ending}$`)).filter(suitsProcessor);
      // The shortest is the one that the versions are linked from.
      return files.sort((a, b) => a.length - b.length).slice(0, 1);
    }),
  );
}

/** The version in the name of the file that a library's links end at: `560.35.03` of libcuda.so.560.35.03. */
export function fileVersion(path: string): string | undefined {
  try {
    return /\.so\.(\d+(?:\.\d+)+)$/.exec(realpathSync(path))?.[1];
  } catch {
    return undefined;
  }
}

const elfMachines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

/** False for a link to nothing and for a library of another processor, as 32-bit ones stand beside the others for games. */
function suitsProcessor(path: string): boolean {
  const head = Buffer.alloc(20);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
  // What is no library at all is found, and refused when it is loaded.
  if (head.toString('latin1', 0, 4) !== '\x7fELF') return true;
  return head[4] === 2 && head.readUInt16LE(18) === elfMachines[process.arch];
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
