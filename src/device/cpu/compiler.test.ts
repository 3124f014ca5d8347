import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import koffi from 'koffi';
import { UserError } from '../../errors.js';
import { loadablePath } from '../code-cache.js';
import { findCompiler, kernelLibrary } from './compiler.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'compiler-test-')));
after(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
/** Two tiny kernels, with their own cache and temporary folder. */
function environment(): { kernels: string; cache: string; env: NodeJS.ProcessEnv } {
  const folder = join(root, String(folders++));
  const [kernels, temporary] = [join(folder, 'kernels'), join(folder, 'tmp')];
  mkdirSync(kernels, { recursive: true });
  mkdirSync(temporary);
  writeFileSync(join(kernels, 'answer.h'), '#define ANSWER 42\n');
  writeFileSync(
    join(kernels, 'answer.cc'),
    '#include "answer.h"\nextern "C" int answer() { return ANSWER; }\n',
  );
  writeFileSync(join(kernels, 'other.cc'), 'extern "C" int other() { return 1; }\n');
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), TMPDIR: temporary };
  return { kernels, cache: join(folder, 'cache', 'chatbot-train', 'kernels'), env };
}

/** Builds the library. Returns its path and whether it had to be compiled. */
function build(options: { kernels: string; env: NodeJS.ProcessEnv; processor?: string }): {
  path: string;
  compiled: boolean;
} {
  let compiled = false;
  const { code } = kernelLibrary({
    ...options,
    onCompile: () => {
      compiled = true;
    },
  });
  closeSync(code.descriptor);
  return { path: code.path, compiled };
}

function answerOf(path: string): number {
  return koffi.load(path).func('answer', 'int', [])();
}

function deviceFault(pattern: RegExp): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof UserError && thrown.fault === 'device' && pattern.test(thrown.message);
}

test('kernels are compiled once and found in the cache afterwards', () => {
  const around = environment();
  const first = build(around);
  assert.ok(first.compiled);
  assert.equal(dirname(first.path), around.cache);
  assert.equal(answerOf(first.path), 42);
  assert.deepEqual(build(around), { path: first.path, compiled: false });
  assert.deepEqual(readdirSync(around.env.TMPDIR ?? ''), [], 'the build folder is gone');
});

test('a different source, header or compiler gives a different library', () => {
  const around = environment();
  const paths = new Set([build(around).path]);
  writeFileSync(join(around.kernels, 'answer.h'), '#define ANSWER 43\n');
  const changed = build(around);
  assert.equal(answerOf(changed.path), 43);
  paths.add(changed.path);
  writeFileSync(join(around.kernels, 'other.cc'), 'extern "C" int other() { return 2; }\n');
  paths.add(build(around).path);
  const [program] = findCompiler().command;
  paths.add(build({ ...around, env: { ...around.env, CXX: `${program} -DNDEBUG` } }).path);
  assert.equal(paths.size, 4);
});

test('a library that was compiled on another processor is not loaded', () => {
  const around = environment();
  const [one, other] = ['one processor', 'another processor'].map((processor) =>
    build({ ...around, processor }),
  );
  assert.ok(one?.compiled && other?.compiled);
  assert.notEqual(one.path, other.path);
  assert.deepEqual(build({ ...around, processor: 'one processor' }), { path: one.path, compiled: false });
});

test('a damaged library is rebuilt', () => {
  const around = environment();
  const { path } = build(around);
  truncateSync(path, 1000);
  const again = build(around);
  assert.ok(again.compiled);
  assert.equal(answerOf(again.path), 42);
  assert.equal(readdirSync(around.cache).length, 1);
});

test('processes that compile at the same time all get a complete library', async () => {
  const around = environment();
  const script = `
    import { kernelLibrary } from ${JSON.stringify(new URL('compiler.js', import.meta.url).href)};
    import koffi from ${JSON.stringify(import.meta.resolve('koffi'))};
    const { code } = kernelLibrary({ kernels: ${JSON.stringify(around.kernels)} });
    process.stdout.write(String(koffi.load(code.path).func('answer', 'int', [])()));`;
  const run = promisify(execFile);
  const results = await Promise.all(
    Array.from({ length: 4 }, () =>
      run(process.execPath, ['--input-type=module', '-e', script], { env: around.env }),
    ),
  );
  assert.deepEqual(
    results.map(({ stdout }) => stdout),
    ['42', '42', '42', '42'],
  );
  assert.ok(readdirSync(around.cache).every((name) => name.endsWith('.so')));
});

test('without a compiler the message says how to get one', () => {
  const around = environment();
  const nowhere = { ...around.env, PATH: join(root, 'nowhere'), CXX: '' };
  assert.throws(() => build({ ...around, env: nowhere }), deviceFault(/no C\+\+ compiler.*install/));
  const nonsense = { ...around.env, CXX: 'no-such-compiler' };
  assert.throws(() => build({ ...around, env: nonsense }), deviceFault(/in CXX, 'no-such-compiler'/));
  assert.ok(!existsSync(around.cache));
});

test('if the cache is not writable, the temporary folder is used', () => {
  const around = environment();
  const file = join(root, 'a-file');
  writeFileSync(file, '');
  const env = { ...around.env, XDG_CACHE_HOME: file };
  const first = build({ ...around, env });
  assert.ok(first.path.startsWith(`${around.env.TMPDIR}/chatbot-train-kernels-`));
  assert.equal(answerOf(first.path), 42);
  assert.deepEqual(build({ ...around, env }), { path: first.path, compiled: false });
});

test('if no folder can store the library, only this run uses it', () => {
  const around = environment();
  const file = join(root, 'no-folder');
  writeFileSync(file, '');
  const { code } = kernelLibrary({ ...around, env: { ...around.env, XDG_CACHE_HOME: file, TMPDIR: file } });
  // Loaded through the descriptor: the file's path is already removed.
  assert.equal(answerOf(loadablePath(code)), 42);
});

test('a compilation that fails shows its first error and keeps the log', () => {
  const around = environment();
  writeFileSync(join(around.kernels, 'other.cc'), 'int other( { return 1; }\n');
  assert.throws(
    () => build(around),
    (thrown) => {
      assert.ok(deviceFault(/other\.cc:1:\d+: error: .*the full log in (\S+compile\.log),/)(thrown));
      const log = /the full log in (\S+),/.exec(thrown instanceof Error ? thrown.message : '')?.[1];
      return log !== undefined && existsSync(log);
    },
  );
  assert.ok(!existsSync(around.cache));
});

test('a compiler is searched for only in absolute folders of PATH outside the working folder', () => {
  const around = environment();
  const project = join(root, 'project');
  const ran = join(root, 'ran');
  mkdirSync(join(project, 'bin'), { recursive: true });
  for (const name of ['g++', 'as', 'bin/g++'])
    writeFileSync(join(project, name), `#!/bin/sh\ntouch ${ran}\necho planted 1.0\n`, { mode: 0o755 });
  symlinkSync(join(project, 'bin'), join(root, 'link'));
  const PATH = ['', '.', 'bin', join(project, 'bin'), join(root, 'link'), process.env.PATH].join(delimiter);
  const before = process.cwd();
  process.chdir(project);
  try {
    const { path } = build({ ...around, env: { ...around.env, PATH, CPATH: ':.' } });
    assert.equal(answerOf(path), 42);
    const nowhere = { ...around.env, PATH: [join(project, 'bin'), '.'].join(delimiter) };
    assert.equal(
      findCompiler(nowhere).command[0],
      findCompiler().command[0],
      'falls back to the usual folders',
    );
    for (const CXX of ['./g++', 'bin/g++'])
      assert.throws(() => findCompiler({ ...around.env, CXX }), deviceFault(/set it to the absolute path/));
  } finally {
    process.chdir(before);
  }
  assert.ok(!existsSync(ran), 'nothing from the working folder ran');
});
