// The system's C++ compiler and the library that it makes of the kernels: compiled on first use into a cache, found
// there afterwards. A library is named by what went into it (sources, flags, compiler, processor), so that
// -march=native never meets another processor, and by the hash of its own bytes, so that a damaged one is rebuilt
// instead of loaded. Knows nothing of what the kernels do.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../../errors.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { makeFolder } from '../../files/make-folder.js';
import { kernelCacheFolders } from '../../files/user-folders.js';
import { processorFingerprint } from './processor.js';

export interface Compiler {
  /** The program and the arguments that come first, as CXX may hold them: `ccache g++`. */
  readonly command: readonly [string, ...string[]];
  /** For people: `g++ 12.2`. */
  readonly name: string;
  /** Everything that it says of its version. */
  readonly banner: string;
}

export interface KernelLibrary {
  readonly path: string;
  readonly compiler: Compiler;
}

export interface LibraryOptions {
  /** Called before a compilation, which takes some seconds; not where the cache holds the library. */
  readonly onCompile?: (() => void) | undefined;
  /** CXX, PATH, XDG_CACHE_HOME, HOME and TMPDIR are read from here. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the *.cc and *.h files. */
  readonly kernels?: string;
}

const nativeFlag = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';
// No -ffast-math: a NaN or an infinity must stay one, or divergence would go unseen.
const flags = [
  '-std=c++17',
  '-O3',
  nativeFlag,
  '-fPIC',
  '-pthread',
  '-fopenmp-simd',
  '-fno-math-errno',
  '-fno-trapping-math',
];

/** The path of the compiled kernels, compiling them where the cache does not hold them. @throws UserError (device) */
export function kernelLibrary(options: LibraryOptions = {}): KernelLibrary {
  if (process.platform === 'win32')
    throw new UserError('device', 'the CPU device needs Linux or macOS: on Windows, run it inside WSL.');
  const env = options.env ?? process.env;
  const folder = options.kernels ?? fileURLToPath(new URL('kernels/', import.meta.url));
  const compiler = findCompiler(env);
  const sources = readSources(folder);
  const caches = kernelCacheFolders(env);
  const key = digest(
    JSON.stringify([sources, flags, compiler.command, compiler.banner, processorFingerprint()]),
  );
  const found = caches.map((cache) => cached(cache, key)).find((path) => path !== undefined);
  if (found !== undefined) return { path: found, compiler };
  options.onCompile?.();
  return { path: compile(compiler, folder, key, caches, env), compiler };
}

/** The compiler that CXX names, or the first of c++, g++ and clang++ that runs. @throws UserError (device) */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler {
  const chosen = env.CXX?.trim();
  const candidates = chosen ? [chosen] : ['g++', 'c++', 'clang++'];
  for (const candidate of candidates) {
    const [program = candidate, ...rest] = candidate.split(/\s+/);
    const { status, stdout } = spawnSync(program, [...rest, '--version'], { encoding: 'utf8', env });
    if (status === 0)
      return { command: [program, ...rest], name: compilerName(program, stdout), banner: stdout };
  }
  if (chosen) {
    throw new UserError(
      'device',
      `the C++ compiler that CXX names, '${chosen}', does not run: unset CXX or name one that does.`,
    );
  }
  throw new UserError(
    'device',
    `the CPU device compiles its kernels on first use and found no C++ compiler (g++, c++ or clang++): install one with \`${installCommand()}\`.`,
  );
}

/** The command that installs a C++ compiler, by the `ID` and `ID_LIKE` of /etc/os-release. */
export function installCommand(platform = process.platform, osRelease = readOsRelease()): string {
  if (platform === 'darwin') return 'xcode-select --install';
  if (platform === 'win32') return 'wsl --install, and inside it: sudo apt install g++';
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, id = '']) =>
    id.split(' '),
  );
  const has = (...names: string[]) => names.some((name) => ids.includes(name));
  if (has('alpine')) return 'sudo apk add g++';
  if (has('arch')) return 'sudo pacman -S gcc';
  if (has('fedora', 'rhel', 'centos')) return 'sudo dnf install gcc-c++';
  if (has('suse', 'opensuse')) return 'sudo zypper install gcc-c++';
  return 'sudo apt install g++';
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

/** `g++ 12.2` of `g++ (Debian 12.2.0-14) 12.2.0`, `clang 15.0` of `Apple clang version 15.0.0 (clang-1500)`. */
function compilerName(program: string, banner: string): string {
  const [firstLine = ''] = banner.split('\n');
  const clang = /clang version (\d+\.\d+)/.exec(firstLine);
  if (clang) return `clang ${clang[1]}`;
  const version = /(\d+\.\d+)(\.\d+)?\s*$/.exec(firstLine);
  const name = banner.includes('Free Software Foundation') ? 'g++' : program;
  return version ? `${name} ${version[1]}` : name;
}

function readSources(folder: string): [name: string, text: string][] {
  return readdirSync(folder)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 40);
}

function isOursAlone(folder: string): boolean {
  const { uid, mode } = lstatSync(folder);
  return uid === userInfo().uid && (mode & 0o170022) === 0o040000;
}

/** The undamaged library of that key; damaged ones are removed. */
function cached(cache: string, key: string): string | undefined {
  try {
    if (!isOursAlone(cache)) return undefined;
    for (const name of readdirSync(cache)) {
      if (!name.startsWith(`${key}-`)) continue;
      const path = join(cache, name);
      if (name === `${key}-${digest(readFileSync(path))}.so`) return path;
      rmSync(path);
    }
  } catch {
    // A cache that cannot be read holds nothing for us.
  }
  return undefined;
}

/** Compiles every source of the folder and puts the library under its name into the first cache that takes it. */
function compile(
  compiler: Compiler,
  folder: string,
  key: string,
  caches: readonly string[],
  env: NodeJS.ProcessEnv,
): string {
  const build = buildFolder(env.TMPDIR || tmpdir());
  const units = readdirSync(folder).filter((name) => name.endsWith('.cc'));
  const objects = units.map((unit) => join(build, `${unit}.o`));
  const library = join(build, 'kernels.so');
  const commands = units.map((unit, at) => [
    ...compiler.command,
    ...flags,
    '-c',
    join(folder, unit),
    '-o',
    objects[at] ?? '',
  ]);
  const link = [...compiler.command, ...flags, '-shared', ...objects, '-o', library];
  for (const wave of [commands, [link]]) {
    const failure = runAll(wave, env);
    if (failure === undefined) continue;
    for (const object of objects) rmSync(object, { force: true });
    const log = join(build, 'compile.log');
    writeFileSync(log, failure);
    const [cause = 'no message'] = /^.*\berror\b.*$/m.exec(failure) ?? failure.split('\n');
    throw new UserError(
      'device',
      `${compiler.name} could not compile the CPU kernels (${cause.trim()}); the whole log is ${log}; another compiler can be named in CXX.`,
    );
  }
  const path = store(library, key, caches);
  rmSync(build, { recursive: true, force: true });
  return path;
}

function buildFolder(temporary: string): string {
  try {
    return mkdtempSync(join(temporary, 'chatbot-train-build-'));
  } catch (thrown) {
    throw new UserError(
      'device',
      `the CPU kernels cannot be compiled in ${temporary} (${messageOf(thrown)}): make it writable or name another folder in TMPDIR.`,
    );
  }
}

/**
 * Runs commands side by side, as many as there are cores. In a process of its own, because a device is created
 * synchronously. Returns what they wrote where one failed.
 */
export function runAll(commands: readonly (readonly string[])[], env: NodeJS.ProcessEnv): string | undefined {
  const runner = fileURLToPath(new URL('run-all.js', import.meta.url));
  const { status, stderr, error } = spawnSync(process.execPath, [runner, JSON.stringify(commands)], {
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 26,
  });
  return status === 0 ? undefined : stderr || (error ? messageOf(error) : `exit status ${status}`);
}

/** The first cache that takes the library holds it from now on. */
function store(library: string, key: string, caches: readonly string[]): string {
  const content = readFileSync(library);
  const name = `${key}-${digest(content)}.so`;
  let refusal = '';
  for (const cache of caches) {
    try {
      makeFolder(cache, 0o700);
      if (!isOursAlone(cache)) throw new Error(`${cache} can be written by others`);
      writeFileAtomic(join(cache, name), content);
      return join(cache, name);
    } catch (thrown) {
      refusal = messageOf(thrown);
    }
  }
  throw new UserError(
    'device',
    `no folder takes the compiled CPU kernels (${refusal}): name a writable one in XDG_CACHE_HOME.`,
  );
}
