// Whether an NVIDIA card is here, and where the libraries lie that computing on it takes. Looks, loads nothing.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { oneLine } from '../format.js';
import type { Check } from './check.js';

/** The driver's library comes with the driver, the others with CUDA, conda or pip. */
const libraries = [
  { name: 'libcuda', cure: 'sudo apt install nvidia-driver (or see https://www.nvidia.com/drivers)' },
  { name: 'libnvrtc', cure: 'pip install nvidia-cuda-nvrtc-cu12' },
  { name: 'libcublasLt', cure: 'pip install nvidia-cublas-cu12' },
] as const;

export function nvidiaChecks(env: NodeJS.ProcessEnv): Check[] {
  const card = cardCheck(env);
  const folders = libraryFolders(env);
  const found = libraries.map(({ name, cure }): Check => {
    const path = findLibrary(name, folders);
    if (path !== undefined) return { name, state: 'ok', detail: path };
    // Without a card nobody needs it.
    return { name, state: 'absent', detail: 'not found', ...(card.state === 'ok' ? { cure } : {}) };
  });
  return [card, ...found];
}

function cardCheck(env: NodeJS.ProcessEnv): Check {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  const { status, stdout, error } = spawnSync('nvidia-smi', query, {
    encoding: 'utf8',
    env,
    timeout: 10_000,
  });
  const [first, ...others] = (stdout ?? '').trim().split('\n');
  if (status === 0 && first) {
    const [name = '', memory = '', driver = ''] = oneLine(first).split(', ');
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return {
      name: 'NVIDIA GPU',
      state: 'ok',
      detail: `${name} with ${memory}${more}, driver ${driver}; this version does not train on it yet`,
    };
  }
  const why = error === undefined ? 'nvidia-smi finds no card' : 'no nvidia-smi';
  return { name: 'NVIDIA GPU', state: 'absent', detail: `${why}; training runs on the CPU` };
}

/** Where a library may lie, in the order of search: CUDA's own folders, the loader's, conda's, those of pip packages. */
export function libraryFolders(env: NodeJS.ProcessEnv): string[] {
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

/** The folders that the system's loader searches, from its configuration. */
function loaderFolders(): string[] {
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const usual = [`/usr/lib/${triple}`, `/lib/${triple}`, '/usr/lib64', '/usr/lib', '/usr/lib/wsl/lib'];
  const { stdout } = spawnSync('/sbin/ldconfig', ['-N', '-v', '-X'], { encoding: 'utf8', timeout: 10_000 });
  const configured = [...(stdout ?? '').matchAll(/^(\/[^:\n]+):/gm)].map(([, folder = '']) => folder);
  return [...new Set([...configured, ...usual])];
}

/** The first `name.so`, `name.so.12`, ... of the folders. */
export function findLibrary(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders) {
    const files = matching(folder, new RegExp(`^${name}\\.so(\\.\\d+)*$`)).filter((path) => existsSync(path));
    // The shortest is the one that the versions are linked from.
    const [path] = files.sort((a, b) => a.length - b.length);
    if (path !== undefined) return path;
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
