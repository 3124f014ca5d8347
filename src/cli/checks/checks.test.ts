import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { installCommand } from '../../device/cpu/compiler.js';
import { canTrain, reportJson, reportText } from '../doctor.js';
import { cacheChecks, hubCheck } from './environment.js';
import { compilerChecks, memoryCheck, nodeCheck, vectorWidth } from './machine.js';

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

test('a compiler that does not run is absent: TensorFlow.js needs none', () => {
  const [check, ...others] = compilerChecks({ CXX: '/nonexistent/c++' }, () => {});
  assert.equal(check?.state, 'absent');
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
    HF_ENDPOINT: 'https://mirror.example',
    HTTPS_PROXY: 'http://me:word@proxy:3128',
    HF_HUB_OFFLINE: '1',
  });
  assert.equal(
    detail,
    'HF_TOKEN is set, endpoint https://mirror.example, proxy http://***@proxy:3128 (HTTPS_PROXY), offline; network not tried',
  );
  const mirror = hubCheck({ HF_TOKEN: 'hf_secret', HF_ENDPOINT: 'https://me:word@mirror.example' });
  assert.equal(
    mirror.detail,
    'HF_ENDPOINT has a password, endpoint https://mirror.example; network not tried',
  );
});

test('an address of the hub that is none is said, without its password', () => {
  const { detail, state } = hubCheck({ HF_ENDPOINT: 'me:word@mirror' });
  assert.equal(state, 'absent');
  assert.match(detail, /^HF_ENDPOINT is "\*\*\*@mirror", which is not the address/);
});

test('the report marks what is missing, gives its cure and the verdict', () => {
  const ready = [
    { name: 'CPU kernels', state: 'ok', detail: 'fine' },
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
    /^MISSING {2}compiler {5}none\n +to fix it: apt install it\n\nThis machine cannot train/m,
  );
  assert.match(reportText(ready), /can train \(--device cpu\)/);
  const slow = [{ name: 'tfjs:wasm', state: 'ok', detail: 'WebAssembly' }] as const;
  assert.match(reportText(slow), /can train \(--device tfjs\)/);
  assert.equal(canTrain([{ name: 'Node.js', state: 'ok', detail: 'alone' }]), false);
  assert.deepEqual(JSON.parse(reportJson(ready)), {
    can_train: true,
    checks: [
      { name: 'CPU kernels', state: 'ok', detail: 'fine', cure: null },
      { name: 'b', state: 'absent', detail: 'no card', cure: null },
    ],
  });
});
