// What doctor says of the card that test/cuda-emulator plays, and of machines that lack something.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { emulatorFolder } from '../../../test/cuda-emulator/build.js';
import { keepCompiledKernels } from '../../../test/cuda-emulator/device.js';
import { reportText } from '../doctor.js';
import type { Check } from './check.js';
import { hasCuda, type NvidiaOptions, nvidiaChecks } from './nvidia.js';
import { productCheck } from './products.js';

const emulator = emulatorFolder();
const root = mkdtempSync(join(tmpdir(), 'nvidia-'));
/** In an active environment, which is not searched as long as one folder is named. */
const pip = 'unset CHATBOT_TRAIN_CUDA_LIBRARIES && pip install';
after(() => rmSync(root, { recursive: true }));

/** The driver reads these itself. */
function emulate(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`CUDA_EMULATOR_${name}`] = value;
}
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('CUDA_EMULATOR_')) delete process.env[name];
});

function checks(env: NodeJS.ProcessEnv = {}, options: NvidiaOptions = {}): Check[] {
  const usual = { CHATBOT_TRAIN_CUDA_LIBRARIES: emulator, XDG_CACHE_HOME: root, TMPDIR: root };
  return nvidiaChecks({ ...usual, ...env }, { pciFolder: join(root, 'no-pci'), ...options });
}

function check(name: string, from: readonly Check[]): Check {
  const found = from.find((each) => each.name === name);
  assert.ok(found, `no ${name} among ${from.map((each) => each.name)}`);
  return found;
}

/** A folder with some of the emulator's libraries. */
function libraries(...names: string[]): NodeJS.ProcessEnv {
  const folder = mkdtempSync(join(root, 'libraries-'));
  for (const name of names) symlinkSync(join(emulator, name), join(folder, name));
  return { CHATBOT_TRAIN_CUDA_LIBRARIES: folder };
}

describe('a card that works', () => {
  test('is described with its driver, its libraries and what it computes in', () => {
    const found = checks();
    assert.match(check('NVIDIA driver', found).detail, /^for CUDA 13\.0, \/.*libcuda\.so\.1$/);
    assert.match(
      check('cuda:0', found).detail,
      /^CUDA emulator, 4\.3 GB, compute capability 9\.0: fp32, bf16, fp16$/,
    );
    assert.match(check('libnvrtc', found).detail, /^CUDA 13\.0, \/.*libnvrtc\.so\.13$/);
    assert.match(check('libcublasLt', found).detail, /^[\d.]+, \/.*libcublasLt\.so\.13$/);
    assert.match(check('CUDA kernels', found).detail, /^not compiled yet/);
    for (const { state, cure } of found) assert.deepEqual([state, cure], ['ok', undefined]);
    assert.equal(hasCuda(found), true);
    assert.match(reportText(found), /This machine can train \(--device cuda\)\./);
  });

  test('has no bf16 before Ampere', () => {
    emulate({ COMPUTE_CAPABILITY: '7.5' });
    assert.match(check('cuda:0', checks()).detail, /compute capability 7\.5: fp32, fp16$/);
  });

  test('has a line for each where there are several', () => {
    emulate({ DEVICES: '2' });
    assert.deepEqual(
      checks()
        .filter(({ name }) => name.startsWith('cuda:'))
        .map(({ name }) => name),
      ['cuda:0', 'cuda:1'],
    );
  });

  test('has its compiled kernels counted', () => {
    const folder = join(root, 'kept', 'chatbot-train', 'kernels');
    mkdirSync(folder, { recursive: true });
    for (const name of ['a.cubin', 'b.cubin', 'c.so']) writeFileSync(join(folder, name), 'x'.repeat(1000));
    const { detail } = check('CUDA kernels', checks({ XDG_CACHE_HOME: join(root, 'kept') }));
    assert.equal(detail, `2 compiled (2.0 kB), in ${folder}`);
  });
});

describe('what is missing', () => {
  test('without a driver nothing is urged', () => {
    const found = checks(libraries());
    assert.match(check('NVIDIA driver', found).detail, /not found, and no NVIDIA GPU either/);
    for (const { state, cure } of found) assert.deepEqual([state, cure], ['absent', undefined]);
    assert.equal(hasCuda(found), false);
  });

  test('a card without a driver is told where drivers are', () => {
    const pciFolder = join(root, 'pci');
    const device = (name: string, vendor: string, kind: string) => {
      mkdirSync(join(pciFolder, name), { recursive: true });
      writeFileSync(join(pciFolder, name, 'vendor'), vendor);
      writeFileSync(join(pciFolder, name, 'class'), kind);
    };
    device('0000:00:00.0', '0x8086\n', '0x060000\n');
    device('0000:01:00.0', '0x10de\n', '0x030000\n');
    const { detail, cure } = check('NVIDIA driver', checks(libraries(), { pciFolder }));
    assert.equal(detail, 'not found, but there is an NVIDIA GPU');
    assert.match(String(cure), /install the current NVIDIA driver/);
  });

  test('one command brings both libraries, in the versions that suit', () => {
    const env = { ...libraries('libcuda.so.1'), VIRTUAL_ENV: root };
    for (const name of ['libnvrtc', 'libcublasLt']) {
      const { state, cure } = check(name, checks(env));
      assert.deepEqual([state, cure], ['absent', `${pip} nvidia-cuda-nvrtc nvidia-cublas`]);
    }
    emulate({ DRIVER_VERSION: '12020' });
    const { cure } = check('libnvrtc', checks(env));
    assert.equal(cure, `${pip} nvidia-cuda-nvrtc-cu12 nvidia-cublas-cu12`);
  });

  test('libraries of a toolkit that is too new for the driver are named', () => {
    emulate({ DRIVER_VERSION: '12020' });
    const { state, detail } = check('libcublasLt', checks());
    assert.equal(state, 'absent');
    assert.match(detail, /libcublasLt\.so\.13 is not suitable: CUDA 12 is needed/);
  });

  test('a driver, or a card, that is too old', () => {
    emulate({ DRIVER_VERSION: '11080' });
    const { detail, cure } = check('NVIDIA driver', checks());
    assert.match(detail, /too old \(it supports CUDA 11\.8, and 12\.0 is needed\)/);
    assert.match(String(cure), /install the current NVIDIA driver/);
    emulate({ DRIVER_VERSION: '13000', COMPUTE_CAPABILITY: '6.1' });
    const old = checks();
    assert.match(
      check('cuda:0', old).detail,
      /is too old \(it has compute capability 6\.1, 7\.0 is needed\)/,
    );
    assert.equal(check('cuda:0', old).cure, undefined, 'there is nothing to get');
    assert.equal(hasCuda(old), false);
  });
});

describe('what is there and will not do comes with its whole command', () => {
  const inVenv = { VIRTUAL_ENV: root };

  test('a damaged library, which another one stands in for', () => {
    for (const [name, lacks] of [
      ['libnvrtc', 'nvidia-cuda-nvrtc'],
      ['libcublasLt', 'nvidia-cublas'],
    ] as const) {
      const env = libraries('libcuda.so.1', 'libnvrtc.so.13', 'libcublasLt.so.13');
      const folder = String(env.CHATBOT_TRAIN_CUDA_LIBRARIES);
      const damaged = join(folder, `${name}.so.13`);
      rmSync(damaged);
      writeFileSync(damaged, 'text');
      const found = checks({ ...env, ...inVenv });
      const { state, detail, cure } = check(name, found);
      assert.deepEqual([state, cure], ['absent', `${pip} --force-reinstall ${lacks}`]);
      assert.match(detail, /\.so\.13 does not load \(/);
      assert.equal(hasCuda(found), false);
      symlinkSync(join(emulator, `${name}.so.13`), join(folder, `${name}.so.12`));
      const mended = checks({ ...env, ...inVenv });
      assert.match(check(name, mended).detail, new RegExp(`/${name}\\.so\\.12$`));
      assert.equal(hasCuda(mended), true);
    }
  });

  test('a library without a function that is needed', () => {
    const env = libraries('libcuda.so.1', 'libnvrtc.so.13');
    const folder = String(env.CHATBOT_TRAIN_CUDA_LIBRARIES);
    symlinkSync(join(emulator, 'libnvrtc.so.13'), join(folder, 'libcublasLt.so.13'));
    const { detail, cure } = check('libcublasLt', checks({ ...env, ...inVenv }));
    assert.match(detail, /libcublasLt\.so\.13 is too old and has no cublasLtGetVersion$/);
    assert.equal(cure, `${pip} --upgrade nvidia-cublas`);
  });

  test('a compiler that is older than the card', () => {
    emulate({ COMPUTE_CAPABILITY: '15.0' });
    const { state, detail, cure } = check('libnvrtc', checks(inVenv));
    assert.deepEqual([state, cure], ['absent', `${pip} --upgrade nvidia-cuda-nvrtc`]);
    assert.match(detail, /cannot compile for this GPU's sm_150$/);
  });

  test('a driver that does not start', () => {
    emulate({ INIT_ERROR: '304' });
    const { state, detail, cure } = check('NVIDIA driver', checks());
    assert.equal(state, 'absent');
    assert.match(detail, /^the system does not give CUDA access to the GPU \(/);
    assert.match(String(cure), /^check that \/dev\/nvidia0 and .*docker run --gpus all\)$/);
  });
});

describe('--verbose', () => {
  test('lists the places that are searched, in their order, and which are not there', () => {
    const toolkit = join(root, 'toolkit');
    mkdirSync(join(toolkit, 'lib64'), { recursive: true });
    const env = { CHATBOT_TRAIN_CUDA_LIBRARIES: '', CUDA_HOME: toolkit, LD_LIBRARY_PATH: join(root, 'gone') };
    const places = check('searched', checks(env, { verbose: true })).detail.split('\n');
    assert.equal(places[0], join(toolkit, 'lib64'));
    assert.equal(places[1], `${join(toolkit, 'lib')} (not there)`);
    assert.ok(places.includes(`${join(root, 'gone')} (not there)`));
    const relative = { ...env, LD_LIBRARY_PATH: 'planted', VIRTUAL_ENV: '.venv' };
    const ignored = check('searched', checks(relative, { verbose: true }))
      .detail.split('\n')
      .slice(-2);
    assert.deepEqual(ignored, [
      "'.venv' of VIRTUAL_ENV is not searched: it is relative or inside the working folder",
      "'planted' of LD_LIBRARY_PATH is not searched: it is relative or inside the working folder",
    ]);
    assert.match(reportText([check('searched', checks({}, { verbose: true }))]), /^ok {7}searched {2}\//);
  });

  test('says how matrix products are computed', () => {
    const env = {
      ...process.env,
      CHATBOT_TRAIN_CUDA_LIBRARIES: emulator,
      XDG_CACHE_HOME: join(root, 'products'),
    };
    keepCompiledKernels(join(root, 'products'));
    const { state, detail } = productCheck(env, [16, 64, 128]);
    assert.equal(state, 'ok');
    const lines = detail.split('\n').map((line) => line.replace(/ 100[-.\d]+/, ' ID'));
    assert.deepEqual(lines, [
      'bf16[16,128] = bf16 bf16 over 64, bias-activation gelu_new: fused ID; not measured',
      'bf16[16,64] = bf16 bf16 over 128, bias: fused ID; not measured',
      "bf16[16,128] = bf16 bf16' over 64, activation-gradient gelu_new, with bias gradient: fused ID; not measured",
    ]);
  });
});
