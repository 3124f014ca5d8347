// The system's C++ compiler and the library that it makes of the kernels: compiled on first use into a cache, found
// there afterwards. A library is named by what went into it (sources, flags, compiler, processor), so that
// -march=native never meets another processor. The working folder has no part in it: no compiler, header or object
// is taken from there. Knows nothing of what the kernels do.

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
  /** The program's whole path and the arguments that come first, as CXX may hold them: `ccache g++`. */
  readonly command: readonly [string, ...string[]];
  /** For people: `g++ 12.2`. */
  readonly name: string;
  /** Everything that it says of its version. */
  readonly banner: string;
}

export interface KernelLibrary {
  /** Whoever loads it leaves its descriptor open. */
  readonly code: OpenedCode;
  readonly compiler: Compiler;
}

export interface LibraryOptions {
  /** Called before a compilation, which takes some seconds; not where the cache holds the library. */
  readonly onCompile?: (() => void) | undefined;
  /** CXX, PATH, XDG_CACHE_HOME, HOME and TMPDIR are read from here. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of the *.cc and *.h files. */
  readonly kernels?: string;
  /** Flags that come after those of every build, as `-march=x86-64`. */
  readonly flags?: readonly string[];
}

const nativeFlag = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';
// No -ffast-math: a NaN or an infinity must stay one, or divergence would go unseen.
const commonFlags = [
  '-std=c++17',
  '-O3',
  nativeFlag,
  '-fPIC',
  '-pthread',
  '-fopenmp-simd',
  '-fno-math-errno',
  '-fno-trapping-math',
  // Fused multiplications and additions are spelled out (multiply_add of simd.h). Left to the compiler, one loop of a
  // kernel has them and its twin for the remaining columns has not.
  '-ffp-contract=off',
];

/** The path of the compiled kernels, compiling them where the cache does not hold them. @throws UserError (device) */
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
    JSON.stringify([sources, flags, compiler.command, compiler.banner, processorFingerprint()]),
  );
  const found = cache.find(key);
  if (found !== undefined) return { code: found, compiler };
  options.onCompile?.();
  return { code: compile(compiler, flags, folder, key, cache, env), compiler };
}

/** The compiler that CXX names, or the first of g++, c++ and clang++ that runs. @throws UserError (device) */
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
      : ` (not searched, because relative or in the working folder: ${ignored.map((folder) => quoted(folder)).join(', ')} of PATH)`;
  if (chosen)
    return new UserError(
      'cpu-compiler-missing',
      `the C++ compiler that CXX names, '${chosen}', does not run${hint}: unset CXX, or give it the whole path of one that does.`,
    );
  return new UserError(
    'cpu-compiler-missing',
    `the CPU device compiles its kernels on first use and found no C++ compiler (g++, c++ or clang++)${hint}: install one with \`${installCommand()}\`.`,
  );
}

/** A compiler looks for its assembler and linker in PATH. */
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

/** Compiles every source of the folder. The cache holds the library from then on, where it can. */
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
  for (const wave of [commands, [link]]) {
    const failure = runAll(wave, env, build);
    if (failure === undefined) continue;
    for (const object of objects) rmSync(object, { force: true });
    const log = join(build, 'compile.log');
    writeFileSync(log, failure);
    const [cause = 'no message'] = /^.*\berror\b.*$/m.exec(failure) ?? failure.split('\n');
    throw new UserError(
      'cpu-kernels-not-compiled',
      `${compiler.name} could not compile the CPU kernels (${cause.trim()}); the whole log is ${log}; another compiler can be named in CXX.`,
    );
  }
  const kept = cache.keep(key, readFileSync(library));
  // Where no cache takes it, this process alone has it: the next one compiles again.
  const code = 'refusals' in kept ? openCode(library) : kept;
  const remove = () => rmSync(build, { recursive: true, force: true });
  if (code === kept || loadablePath(code) !== code.path) remove();
  else process.on('exit', remove);
  return code;
}

/** A new folder that is ours alone, in the first of the candidates that takes one. */
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
    `the CPU kernels cannot be compiled in ${candidates[0]} (${refusal}): name a folder in TMPDIR that only you can write.`,
  );
}

/**
 * Runs commands side by side, as many as there are cores. In a process of its own, because a device is created
 * synchronously. Returns what they wrote where one failed.
 * @param folder where they run; the compiler takes relative and empty entries of CPATH and its like to mean it.
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
