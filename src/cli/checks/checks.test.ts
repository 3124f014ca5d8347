import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { installCommand } from '../../device/cpu/compiler.js';
import { canTrain, reportJson, reportText } from '../doctor.js';
import { compilerChecks, memoryCheck, nodeCheck, vectorWidth } from './machine.js';
import { findLibrary, libraryFolders, nvidiaChecks } from './nvidia.js';
import { cacheChecks, hubCheck } from './surroundings.js';

const folder = mkdtempSync(join(tmpdir(), 'checks-'));
after(() => rmSync(folder, { recursive: true }));

function file(...path: string[]): string {
  const whole = join(folder, ...path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, 'x'.repeat(1500));
  return whole;
}

test('an old Node.js is told where a newer one is', () => {
  assert.equal(nodeCheck('18.20.0').state, 'missing');
  assert.equal(nodeCheck('20.0.0').state, 'ok');
  assert.equal(nodeCheck('24.1.0').state, 'ok');
});

test('each system gets the command that installs its compiler', () => {
  assert.equal(installCommand('linux', 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n'), 'sudo apt install g++');
  assert.equal(
    installCommand('linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n'),
    'sudo dnf install gcc-c++',
  );
  assert.equal(installCommand('linux', 'ID=alpine'), 'sudo apk add g++');
  assert.equal(installCommand('darwin', ''), 'xcode-select --install');
});

test('a compiler that does not run is missing', () => {
  const [check, ...others] = compilerChecks({ CXX: '/nonexistent/c++' }, () => {});
  assert.equal(check?.state, 'missing');
  assert.match(String(check?.detail), /nonexistent/);
  assert.deepEqual(others, []);
});

test('the vector width is read from the flags of the processor', () => {
  assert.match(vectorWidth('x64', 'flags\t\t: fpu sse2 avx2 avx512f\n'), /AVX-512/);
  assert.match(vectorWidth('x64', 'flags\t\t: fpu sse2 avx2\n'), /AVX2/);
  assert.match(vectorWidth('arm64', ''), /NEON/);
  assert.equal(vectorWidth('x64', ''), 'vector width unknown');
});

test('little memory is said, but stops nothing', () => {
  assert.equal(memoryCheck(1e9).state, 'absent');
  assert.equal(memoryCheck(16e9).state, 'ok');
});

test('libraries are found in CUDA_HOME, the loader path, conda and pip packages', () => {
  const toolkit = file('cuda', 'lib64', 'libnvrtc.so.12');
  const pip = file(
    'venv',
    'lib',
    'python3.12',
    'site-packages',
    'nvidia',
    'cublas',
    'lib',
    'libcublasLt.so.12',
  );
  const loader = file('driver', 'libcuda.so.1');
  const conda = file('conda', 'lib', 'libnvrtc.so');
  const find = (name: string, env: NodeJS.ProcessEnv) => findLibrary(name, libraryFolders(env));
  assert.equal(find('libnvrtc', { CUDA_HOME: join(folder, 'cuda') }), toolkit);
  assert.equal(find('libcublasLt', { VIRTUAL_ENV: join(folder, 'venv') }), pip);
  assert.equal(find('libcuda', { LD_LIBRARY_PATH: `:${join(folder, 'driver')}` }), loader);
  assert.equal(findLibrary('libnvrtc', [join(folder, 'none'), join(folder, 'conda', 'lib')]), conda);
  assert.equal(findLibrary('libnvrtc', [join(folder, 'driver')]), undefined);
});

test('the builtin variants of a library are not the library', () => {
  file('odd', 'libnvrtc-builtins.so.12');
  file('odd', 'libnvrtc.so.alt');
  assert.equal(findLibrary('libnvrtc', [join(folder, 'odd')]), undefined);
});

test('a card is described as nvidia-smi does, and brings the cures of what lacks', () => {
  const smi = join(folder, 'nvidia-smi');
  writeFileSync(
    smi,
    '#!/bin/sh\necho "NVIDIA L4, 23034 MiB, 550.54"\necho "NVIDIA L4, 23034 MiB, 550.54"\n',
    { mode: 0o755 },
  );
  const [card, ...libraries] = nvidiaChecks({ PATH: `${folder}:/usr/bin:/bin` });
  assert.equal(card?.state, 'ok');
  assert.match(String(card?.detail), /^NVIDIA L4 with 23034 MiB and 1 more, driver 550.54/);
  for (const { state, cure } of libraries) assert.equal(cure === undefined, state === 'ok');
});

test('without a card the libraries are not urged', () => {
  const [card, ...libraries] = nvidiaChecks({ PATH: '/nonexistent' });
  assert.equal(card?.state, 'absent');
  for (const { cure } of libraries) assert.equal(cure, undefined);
});

test('caches are where Python keeps them, with their size', async () => {
  file('cache', 'huggingface', 'hub', 'blobs', 'x');
  const details = (await cacheChecks({ XDG_CACHE_HOME: join(folder, 'cache') })).map(({ detail }) => detail);
  assert.match(String(details[0]), /kernels, not there yet$/);
  assert.match(String(details[1]), /hub, 1.5 kB$/);
});

test('a folder for the kernels that cannot be made is not the one that is named', async () => {
  const inTheWay = file('not-a-folder');
  const [kernels] = await cacheChecks({ ...process.env, XDG_CACHE_HOME: inTheWay, TMPDIR: folder });
  assert.match(String(kernels?.detail), /chatbot-train-kernels-/);
});

test('the token is never printed', () => {
  const { detail } = hubCheck({
    HF_TOKEN: 'hf_secret',
    HF_ENDPOINT: 'https://me:word@mirror.example',
    HF_HUB_OFFLINE: '1',
  });
  assert.equal(detail, 'HF_TOKEN is set, endpoint https://mirror.example, offline; network not tried');
});

test('the report marks what is missing, gives its cure and the verdict', () => {
  const ready = [
    { name: 'a', state: 'ok', detail: 'fine' },
    { name: 'b', state: 'absent', detail: 'no card' },
  ] as const;
  const broken = [
    ...ready,
    { name: 'compiler', state: 'missing', detail: 'none', cure: 'apt install it' },
  ] as const;
  assert.equal(canTrain(ready), true);
  assert.equal(canTrain(broken), false);
  assert.match(
    reportText(broken),
    /^MISSING {2}compiler {2}none\n +to get it: apt install it\n\nThis machine cannot train/m,
  );
  assert.deepEqual(JSON.parse(reportJson(ready)), {
    can_train: true,
    checks: [
      { name: 'a', state: 'ok', detail: 'fine', cure: null },
      { name: 'b', state: 'absent', detail: 'no card', cure: null },
    ],
  });
});
