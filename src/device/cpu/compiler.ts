// Finds the system's C++ compiler and compiles the kernels into a library on first use; later runs load it from a cache.
// The cache key covers sources, flags, compiler and processor, so code compiled with -march=native never runs on another
// processor. No compiler, header or object file is taken from the working folder. Knows nothing about what the kernels do.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../../errors.js';
import { kernelCacheFolders, temporaryFolder } from '../../files/user-folders.js';
import { findProgram, ignoredFolders, searchedPath } from '../../files/working-folder.js';
import { quoted } from '../../quote.js';
import { CodeCache, digest, loadablePath, type OpenedCode, openCode, trustedFolder } from '../code-cache.js';
import { processorFingerprint } from './processor.js';

export interface Compiler {
  /** The absolute path of the program, and the arguments that CXX may put after it (`ccache g++`). */
  readonly command: readonly [string, ...string[]];
  /** For people: `g++ 12.2`. */
  readonly name: string;
  /** The full output of `--version`. */
  readonly banner: string;
}

export interface KernelLibrary {
  /** The caller must keep the descriptor open after loading it. */
  readonly code: OpenedCode;
  readonly compiler: Compiler;
}

export interface LibraryOptions {
  /** Called before a compilation, which takes a few seconds. Not called if the library is in the cache. */
  readonly onCompile?: (() => void) | undefined;
  /** CXX, PATH, XDG_CACHE_HOME, HOME and TMPDIR are read from here. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the *.cc and *.h files. */
  readonly kernels?: string;
  /** Flags that come after those of every build, as `-march=x86-64`. */
  readonly flags?: readonly string[];
  /** What differs between processors. Default: that of this one. */
  readonly processor?: string;
}

const nativeFlag = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';
// No -ffast-math: NaN and infinity must propagate, otherwise divergence would go unnoticed.
const commonFlags = [
  '-std=c++17',
  '-O3',
  nativeFlag,
  '-fPIC',
  '-pthread',
  '-fopenmp-simd',
  '-fno-math-errno',
  '-fno-trapping-math',
  // The kernels call multiply_add (simd.h) where they want a fused multiply-add. Otherwise the compiler may fuse in one
  // loop and not in the loop for the remaining columns, and an element's bits would depend on its position.
  '-ffp-contract=off',
];

/** The compiled kernels, from the cache if it has them. @throws UserError (device) if they cannot be compiled. */
export function kernelLibrary(options: LibraryOptions = {}): KernelLibrary {
  if (process.platform === 'win32')
    throw new UserError(
      'cpu-unsupported-system',
      'the CPU device needs Linux or macOS: on Windows, run it inside WSL.',
    );
  const env = options.env ?? process.env;
  const folder = options.kernels ?? fileURLToPath(new URL('kernels/', import.meta.url));
  const compiler = findCompiler(env);
  const flags = [...commonFlags, ...(options.flags ?? [])];
  const sources = readSources(folder);
  const cache = new CodeCache(kernelCacheFolders(env), '.so');
  const key = digest(
    JSON.stringify([
      sources,
      flags,
      compiler.command,
      compiler.banner,
      options.processor ?? processorFingerprint(),
    ]),
  );
  const found = cache.find(key);
  if (found !== undefined) return { code: found, compiler };
  options.onCompile?.();
  return { code: compile(compiler, flags, folder, key, cache, env), compiler };
}

/** The compiler in CXX, or the first of g++, c++ and clang++ that runs. @throws UserError (device) if there is none. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler {
  const chosen = env.CXX?.trim();
  const candidates = chosen ? [chosen] : ['g++', 'c++', 'clang++'];
  for (const candidate of candidates) {
    const [name = candidate, ...rest] = candidate.split(/\s+/);
    const program = /[\\/]/.test(name) ? name : findProgram(name, env);
    if (program === undefined || !isAbsolute(program)) continue;
    const { status, stdout } = spawnSync(program, [...rest, '--version'], {
      encoding: 'utf8',
      cwd: '/',
      env: compilerEnvironment(env),
    });
    if (status === 0)
      return { command: [program, ...rest], name: compilerName(name, stdout), banner: stdout };
  }
  throw noCompiler(chosen, env);
}

function noCompiler(chosen: string | undefined, env: NodeJS.ProcessEnv): UserError {
  const ignored = ignoredFolders(env.PATH);
  const hint =
    ignored.length === 0
      ? ''
      : ` (these folders of PATH are relative or in the working folder and were not searched: ${ignored.map((folder) => quoted(folder)).join(', ')})`;
  if (chosen)
    return new UserError(
      'cpu-compiler-missing',
      `the C++ compiler in CXX, '${chosen}', does not run${hint}: unset CXX, or set it to the absolute path of a working compiler.`,
    );
  return new UserError(
    'cpu-compiler-missing',
    `the CPU device compiles its kernels on first use and found no C++ compiler (g++, c++ or clang++)${hint}: install one with \`${installCommand()}\`.`,
  );
}

/** The compiler searches PATH for its assembler and linker, so PATH must not contain untrusted folders. */
function compilerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: searchedPath(env) };
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

/**
 * `g++ 12.2` from `g++ (Debian 12.2.0-14) 12.2.0`, and `clang 15.0` from `Apple clang version 15.0.0 (clang-1500)`.
 */
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

/** Compiles every source file in the folder and stores the library in the cache if possible. */
function compile(
  compiler: Compiler,
  flags: readonly string[],
  folder: string,
  key: string,
  cache: CodeCache,
  env: NodeJS.ProcessEnv,
): OpenedCode {
  const build = buildFolder([temporaryFolder(env), '/tmp', ...cache.folders]);
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
  for (const step of [commands, [link]]) {
    const failure = runAll(step, env, build);
    if (failure === undefined) continue;
    for (const object of objects) rmSync(object, { force: true });
    const log = join(build, 'compile.log');
    writeFileSync(log, failure);
    const [cause = 'no message'] = /^.*\berror\b.*$/m.exec(failure) ?? failure.split('\n');
    throw new UserError(
      'cpu-kernels-not-compiled',
      `${compiler.name} could not compile the CPU kernels (${cause.trim()}): see the full log in ${log}, or set CXX to another compiler.`,
    );
  }
  const kept = cache.keep(key, readFileSync(library));
  // If no cache can store it, only this process uses the library: the next one compiles again.
  const code = 'refusals' in kept ? openCode(library) : kept;
  const remove = () => rmSync(build, { recursive: true, force: true });
  if (code === kept || loadablePath(code) !== code.path) remove();
  else process.on('exit', remove);
  return code;
}

/** Makes a folder that only this user can write to, in the first candidate where that is possible. */
function buildFolder(candidates: readonly string[]): string {
  let refusal = '';
  for (const candidate of candidates) {
    try {
      const folder = mkdtempSync(join(candidate, 'chatbot-train-build-'));
      try {
        return trustedFolder(folder);
      } catch (thrown) {
        rmSync(folder, { recursive: true });
        throw thrown;
      }
    } catch (thrown) {
      refusal ||= messageOf(thrown);
    }
  }
  throw new UserError(
    'cpu-kernels-no-folder',
    `the CPU kernels cannot be compiled in ${candidates[0]} (${refusal}): set TMPDIR to a folder that only you can write to.`,
  );
}

/**
 * Runs commands in parallel, as many at a time as there are cores. Uses a child process because a device is created
 * synchronously.
 * @param folder the working folder of the commands. The compiler resolves relative and empty entries of CPATH and similar
 *   variables against it.
 * @returns the output of the commands if one of them failed.
 */
export function runAll(
  commands: readonly (readonly string[])[],
  env: NodeJS.ProcessEnv,
  folder: string,
): string | undefined {
  const runner = fileURLToPath(new URL('run-all.js', import.meta.url));
  const { status, stderr, error } = spawnSync(
    process.execPath,
    [runner, JSON.stringify({ commands, folder })],
    { encoding: 'utf8', env: compilerEnvironment(env), maxBuffer: 1 << 26 },
  );
  return status === 0 ? undefined : stderr || (error ? messageOf(error) : `exit status ${status}`);
}
