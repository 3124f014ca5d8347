// The folders that are searched for NVIDIA's libraries. The driver is searched where the system's loader finds it; the
// CUDA libraries also in toolkits, conda and Python environments. Only looks and runs nothing, not even the Python on
// PATH. Nothing in the working folder is used, except an environment or a toolkit that a variable names by an absolute
// path: activating an environment already runs its scripts.

import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { homeFolder } from '../../files/user-folders.js';
import { ignoredFolders, liesInWorkingFolder, searchedFolders } from '../../files/working-folder.js';

export interface LibraryFolder {
  readonly path: string;
  /** A variable names it, or the environment that contains it. Then it may lie in the working folder. */
  readonly named: boolean;
}

/** Names one folder that is searched instead of all others. */
export const onlyFolderVariable = 'CHATBOT_TRAIN_CUDA_LIBRARIES';

/** In search order. Some may not exist. */
export function driverFolders(env: NodeJS.ProcessEnv): LibraryFolder[] {
  return onlyFolder(env) ?? unique([...searchedFolders(env.LD_LIBRARY_PATH), ...loaderFolders()].map(found));
}

/** In search order: toolkits, the loader's folders, conda, Python packages. Some may not exist. */
export function toolkitFolders(env: NodeJS.ProcessEnv): LibraryFolder[] {
  const newestFirst = matching('/usr/local', /^cuda-/).reverse();
  const toolkits = [
    ...absolute(env.CUDA_HOME, env.CUDA_PATH).map(named),
    ...['/usr/local/cuda', ...newestFirst].map(found),
  ];
  const parts = ['lib64', 'lib', `targets/${process.arch === 'arm64' ? 'sbsa' : 'x86_64'}-linux/lib`];
  const within = (folder: LibraryFolder, part: string) => ({ ...folder, path: join(folder.path, part) });
  return (
    onlyFolder(env) ??
    unique([
      ...toolkits.flatMap((toolkit) => parts.map((part) => within(toolkit, part))),
      ...driverFolders(env),
      ...absolute(env.CONDA_PREFIX).map((prefix) => named(join(prefix, 'lib'))),
      ...pythonPrefixes(env).flatMap((prefix) =>
        packageFolders(prefix.path).map((path) => ({ ...prefix, path })),
      ),
    ])
  );
}

/** Settings of the environment that are not searched, each with its variable: `'lib' of LD_LIBRARY_PATH`. */
export function ignoredSettings(env: NodeJS.ProcessEnv): string[] {
  const single = ['CUDA_HOME', 'CUDA_PATH', 'VIRTUAL_ENV', 'CONDA_PREFIX'] as const;
  const words = (folder: string, variable: string) => `'${folder}' of ${variable}`;
  const only = env[onlyFolderVariable];
  if (only) return isAbsolute(only) ? [] : [words(only, onlyFolderVariable)];
  return [
    ...single.flatMap((name) => (env[name] && !isAbsolute(env[name]) ? words(env[name], name) : [])),
    ...ignoredFolders(env.LD_LIBRARY_PATH).map((folder) => words(folder, 'LD_LIBRARY_PATH')),
  ];
}

/** The pip command (`pip` or `... -m pip`) of a Python environment that is searched. */
export function pipCommand(env: NodeJS.ProcessEnv): string {
  const before = env[onlyFolderVariable] ? `unset ${onlyFolderVariable} && ` : '';
  if (absolute(env.VIRTUAL_ENV, env.CONDA_PREFIX).length > 0) return `${before}pip`;
  const home = homeFolder(env);
  const usable = canWrite(home) && !liesInWorkingFolder(home);
  const folder = `~/${ownEnvironment}`;
  const where = usable ? '' : 'set HOME to a folder of yours outside the working folder, then: ';
  return `${where}${before}python3 -m venv ${folder} && ${folder}/bin/python -m pip`;
}

/** A Python environment for these packages alone, in the user's home. The advice creates it if no other is active. */
const ownEnvironment = '.local/share/chatbot-train/python';

function onlyFolder(env: NodeJS.ProcessEnv): LibraryFolder[] | undefined {
  const only = env[onlyFolderVariable];
  return only ? absolute(only).map(named) : undefined;
}

/**
 * The folders in which the system's loader knows libraries (its cache stores their paths as text), and the usual ones.
 */
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

/** Prefixes of lib/python3.X: the active environment, our own, the first Python on PATH, the user's, the system's. */
function pythonPrefixes(env: NodeJS.ProcessEnv): LibraryFolder[] {
  const home = homeFolder(env);
  const onPath = searchedFolders(env.PATH).flatMap((folder) => {
    try {
      return [folder, dirname(realpathSync(join(folder, 'python3')))].map(dirname);
    } catch {
      return [];
    }
  });
  return [
    ...absolute(env.VIRTUAL_ENV, env.CONDA_PREFIX).map(named),
    ...[join(home, ownEnvironment), ...onPath.slice(0, 2), join(home, '.local'), '/usr/local', '/usr'].map(
      found,
    ),
  ];
}

/** The lib folders of NVIDIA's packages: nvidia/cublas/lib for CUDA 12, nvidia/cu13/lib for CUDA 13. */
function packageFolders(prefix: string): string[] {
  return matching(join(prefix, 'lib'), /^python3/).flatMap((python) =>
    matching(python, /^(site|dist)-packages$/).flatMap((packages) => {
      const installed = matching(join(packages, 'nvidia'), /^\w/).map((folder) => join(folder, 'lib'));
      return installed.length > 0 ? installed : [join(packages, 'nvidia', '*', 'lib')];
    }),
  );
}

function named(path: string): LibraryFolder {
  return { path, named: true };
}

function found(path: string): LibraryFolder {
  return { path, named: false };
}

function absolute(...paths: readonly (string | undefined)[]): string[] {
  return paths.flatMap((path) => (path !== undefined && isAbsolute(path) ? [path] : []));
}

/** Keeps the first entry of each path. */
function unique(folders: readonly LibraryFolder[]): LibraryFolder[] {
  const seen = new Set<string>();
  return folders.filter(({ path }) => !seen.has(path) && seen.add(path));
}

function canWrite(folder: string): boolean {
  try {
    accessSync(existsSync(folder) ? folder : dirname(folder), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The full paths of a folder's entries whose names match, sorted; empty if the folder cannot be read. */
export function matching(folder: string, name: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => name.test(entry))
      .sort()
      .map((entry) => join(folder, entry));
  } catch {
    return [];
  }
}
