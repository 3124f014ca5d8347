// Chooses NVIDIA's libraries: libcuda comes with the driver, libnvrtc and libcublasLt with CUDA, conda or a Python
// environment, in the versions that suit the driver and the card. Only looks for files and starts no program: a machine
// without an NVIDIA card must not be affected.

import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { UserError } from '../../errors.js';
import { liesInWorkingFolder } from '../../files/working-folder.js';
import { CudaUnavailable, driverCure, requireDriverVersion, UnusableLibrary } from './errors.js';
import {
  driverFolders,
  ignoredSettings,
  type LibraryFolder,
  matching,
  onlyFolderVariable,
  pipCommand,
  toolkitFolders,
} from './library-folders.js';

/** The libraries of CUDA 12 or 13. */
export const toolkitLibraries = ['libnvrtc', 'libcublasLt'] as const;
export type ToolkitLibrary = (typeof toolkitLibraries)[number];
export type Library = 'libcuda' | ToolkitLibrary;

/** CUDA 13 supports no card before sm_75 and needs a driver of CUDA 13. */
const newestForVolta = 12;
const knownMajors = [13, 12] as const;

const pipPackages = {
  libnvrtc: { 12: 'nvidia-cuda-nvrtc-cu12', 13: 'nvidia-cuda-nvrtc' },
  libcublasLt: { 12: 'nvidia-cublas-cu12', 13: 'nvidia-cublas' },
} as const;

/**
 * The command that installs libraries where they are searched: in the active Python environment, otherwise in our own.
 * @param majors suitable versions of CUDA, the best first
 * @param remedy the pip option for a library that exists but cannot be used
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
  return [pipCommand(env), 'install', ...(remedy ? [remedy] : []), ...packages].join(' ');
}

/**
 * The major versions of CUDA whose libraries suit a driver and a card, the best first.
 * @param driverVersion in the form of cuDriverGetVersion: 12040 is 12.4
 * @throws CudaUnavailable if the driver is too old for all of them
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
  /** The suitable versions of CUDA, the best first; empty means any. */
  readonly majors?: readonly number[];
}

/** @throws CudaUnavailable, with one command that installs all missing libraries, unless all are found */
export function requireLibraries(names: readonly Library[], wanted: Wanted): void {
  const missing = names.filter((name) => findLibrary(name, wanted) === undefined);
  if (missing.length > 0) throw notFound(missing, wanted);
}

/**
 * Opens the first usable library. One that is damaged or does not start, such as a toolkit's stub of the driver, is
 * skipped.
 * @param open throws a UserError for an unusable library
 * @throws CudaUnavailable if none is found or loads; the error of `open` for one that loads but cannot be used
 */
export function openLibrary<Opened>(name: Library, wanted: Wanted, open: (path: string) => Opened): Opened {
  const { env, majors = [] } = wanted;
  const refusals: UserError[] = [];
  for (const path of findLibraries(name, foldersOf(name, env), majors)) {
    try {
      return open(path);
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      refusals.push(thrown);
    }
  }
  const [refusal] = refusals.sort((a, b) => informativeness(b) - informativeness(a));
  if (refusal === undefined) throw notFound([name], wanted);
  if (!(refusal instanceof UnusableLibrary)) throw refusal;
  throw new CudaUnavailable(refusal.reason, cureOf([name], majors, env, refusal.remedy));
}

/** Ranks errors: those about the machine are more informative than those about one file. */
function informativeness(refusal: UserError): number {
  if (refusal instanceof UnusableLibrary) return 0;
  return refusal instanceof CudaUnavailable && refusal.ofLibrary ? 1 : 2;
}

function notFound(missing: readonly Library[], { env, majors = [] }: Wanted): CudaUnavailable {
  const unsuitable = missing.flatMap((name) => findLibrary(name, { env }) ?? []);
  const [are, does] = missing.length > 1 ? ['are', 'do'] : ['is', 'does'];
  const only = env[onlyFolderVariable];
  const ignored = ignoredSettings(env);
  const where =
    ignored.length > 0
      ? ` (not searched, because relative or in the working folder: ${ignored.join(', ')})`
      : only
        ? ` in ${only} (${onlyFolderVariable})`
        : '';
  const reason = missing.includes('libcuda')
    ? `no NVIDIA driver is found (libcuda.so.1)${where}`
    : unsuitable.length < missing.length
      ? `${missing.join(' and ')} of CUDA ${majors.join(' or ') || '12 or 13'} ${are} not found${where}`
      : `${unsuitable.join(' and ')} ${does} not suit this GPU and its driver, which need CUDA ${majors.join(' or ')}`;
  const unused = only !== undefined && ignored.length > 0;
  return new CudaUnavailable(
    reason,
    unused ? `give ${onlyFolderVariable} an absolute path, or unset it` : cureOf(missing, majors, env),
  );
}

/** The library that is tried first. */
export function findLibrary(name: Library, { env, majors = [] }: Wanted): string | undefined {
  return findLibraries(name, foldersOf(name, env), majors)[0];
}

/**
 * Whether there is a driver to open, or a folder is named for it but ignored: then opening the driver explains that.
 */
export function mayHaveDriver(env: NodeJS.ProcessEnv): boolean {
  if (findLibrary('libcuda', { env }) !== undefined) return true;
  return Boolean(env[onlyFolderVariable]) && ignoredSettings(env).length > 0;
}

function foldersOf(name: Library, env: NodeJS.ProcessEnv): LibraryFolder[] {
  return name === 'libcuda' ? driverFolders(env) : toolkitFolders(env);
}

/**
 * The library's files, ordered by version as in `majors`, then by folder; one per version and folder.
 * @param majors the suitable versions, the best first; empty means any
 */
function findLibraries(
  name: Library,
  folders: readonly LibraryFolder[],
  majors: readonly number[],
): string[] {
  const endings = majors.length === 0 ? ['(\\.\\d+)*'] : majors.map((major) => `\\.${major}(\\.\\d+)*`);
  const files = endings.flatMap((ending) =>
    folders.flatMap(({ path, named }) => {
      const suitable = matching(path, new RegExp(`^${name}\\.so${ending}$`))
        .filter(suitsProcessor)
        .filter((file) => named || !liesInWorkingFolder(file));
      // The shortest name is the link to the versioned files.
      return suitable.sort((a, b) => a.length - b.length).slice(0, 1);
    }),
  );
  // A link to a file earlier in the list need not be tried again.
  const seen = new Set<string>();
  return files.filter((file) => {
    const real = realpathSync(file);
    return !seen.has(real) && seen.add(real);
  });
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

/**
 * False for broken links and for libraries of another processor, such as the 32-bit ones that are installed for games.
 */
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
  // A file that is not a library at all counts as found, and is refused when it is loaded.
  if (head.toString('latin1', 0, 4) !== '\x7fELF') return true;
  return head[4] === 2 && head.readUInt16LE(18) === elfMachines[process.arch];
}
