import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { emulatorFolder } from '../../test/cuda-emulator/build.js';
import { flagMessageOf } from '../cli/flag-names.js';
import { UserError } from '../errors.js';
import type { Device, PrecisionSupport, Precisions, WeightPrecision } from './device.js';
import {
  fallbackNote,
  type LeftUnused,
  resolvePrecision,
  resolveWeightPrecision,
  selectDevice,
} from './select.js';

function fault(kind: UserError['fault'], pattern: RegExp): (thrown: unknown) => boolean {
  return (thrown) =>
    thrown instanceof UserError && thrown.fault === kind && pattern.test(flagMessageOf(thrown));
}

const folder = mkdtempSync(join(tmpdir(), 'select-'));
after(() => rmSync(folder, { recursive: true }));

/** The environment of a machine whose only driver is a file with this content, or that has no driver. */
function machine(libcuda?: string): NodeJS.ProcessEnv {
  const path = mkdtempSync(join(folder, 'cuda-'));
  if (libcuda !== undefined) writeFileSync(join(path, 'libcuda.so.1'), libcuda);
  return { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: path };
}

test('auto and cpu select the CPU device with the requested threads, without a note if there is no driver', async () => {
  for (const name of ['auto', 'cpu']) {
    const onFallback = () => assert.fail('this machine has no GPU');
    const device = await selectDevice(name, { threads: 1, env: machine(), onFallback });
    assert.equal(device.kind, 'cpu');
    assert.match(device.description, /1 thread,/);
    device.dispose();
  }
});

test('auto reports a library folder that is not searched because its path is relative', async () => {
  const env = { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: 'cuda' };
  const reasons: string[] = [];
  const onFallback = (left: string, why: string) => reasons.push(`${left}: ${why}`);
  (await selectDevice('auto', { threads: 1, env, onFallback })).dispose();
  assert.match(
    reasons.join(),
    /^the GPU: no NVIDIA driver is found \(libcuda\.so\.1\) \(not searched, because relative .*: 'cuda' of CHATBOT_TRAIN/,
  );
});

test('auto says why it does not use a driver; cpu does not load it', async () => {
  const env = machine('no library');
  const reasons: string[] = [];
  const onFallback = (left: string, why: string) => reasons.push(`${left}: ${why}`);
  for (const name of ['auto', 'cpu']) (await selectDevice(name, { threads: 1, env, onFallback })).dispose();
  assert.equal(reasons.length, 1);
  assert.match(reasons[0] ?? '', /^the GPU: .*libcuda\.so\.1 does not load/);
});

test('auto falls back to the CPU for every error of cuInit', async () => {
  const env = { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder() };
  try {
    for (const status of ['2', '101', '304', '800', '801', '805', '806', '999', '12345']) {
      process.env.CUDA_EMULATOR_INIT_ERROR = status;
      const reasons: string[] = [];
      const onFallback = (left: string, why: string) => reasons.push(`${left}: ${why}`);
      const device = await selectDevice('auto', { threads: 1, env, onFallback });
      assert.equal(device.kind, 'cpu');
      device.dispose();
      assert.match(reasons.join(), /^the GPU: [^,:]*\(.*, from cuInit\)$/);
    }
  } finally {
    delete process.env.CUDA_EMULATOR_INIT_ERROR;
  }
});

/** The device with other abilities in 16-bit precisions. Those that are left out are unsupported. */
function able(device: Device, changed: { [Each in WeightPrecision]?: Partial<PrecisionSupport> }): Device {
  const none = { computes: false, stores: false } as const;
  const { fp32 } = device.precisions;
  const precisions: Precisions = {
    fp32,
    bf16: { ...none, ...changed.bf16 },
    fp16: { ...none, ...changed.fp16 },
    int8: { ...none, ...changed.int8 },
  };
  return Object.create(device, { precisions: { value: precisions } });
}

test('auto chooses bf16 if it is fast, otherwise fp16, otherwise fp32', async () => {
  const device = await selectDevice('cpu', { threads: 1 });
  const fast = { computes: 'fast' } as const;
  const slow = { computes: 'slow' } as const;
  for (const resolveAny of [resolvePrecision, resolveWeightPrecision]) {
    assert.equal(resolveAny(able(device, { bf16: fast, fp16: fast }), 'auto'), 'bf16');
    assert.equal(resolveAny(able(device, { fp16: fast }), 'auto'), 'fp16');
    assert.equal(resolveAny(able(device, {}), 'auto'), 'fp32');
    assert.equal(resolveAny(able(device, { bf16: slow, fp16: fast }), 'auto'), 'fp16');
    assert.equal(resolveAny(able(device, { bf16: slow, fp16: slow }), 'auto'), 'fp32');
  }
  device.dispose();
});

test('a slow precision is used if it is requested, and advised if another is refused', async () => {
  const device = await selectDevice('cpu', { threads: 1 });
  const slow = able(device, { bf16: { computes: 'slow' } });
  assert.equal(resolvePrecision(slow, 'bf16'), 'bf16');
  assert.equal(resolveWeightPrecision(slow, 'bf16'), 'bf16');
  assert.throws(
    () => resolvePrecision(slow, 'fp16'),
    fault(
      'device',
      /^cpu does not compute in fp16: use --precision bf16 or --precision fp32 \(on CPU: .*\)\.$/,
    ),
  );
  device.dispose();
});

test('auto uses TensorFlow.js only without a compiler, with a note; asking for tfjs gives no note', async () => {
  const env = { ...machine(), CXX: '/nonexistent/c++' };
  const reasons: string[] = [];
  const onFallback = (left: string, why: string) => reasons.push(fallbackNote(left as LeftUnused, why));
  const device = await selectDevice('auto', { env, onFallback });
  assert.equal(device.kind, 'tfjs');
  assert.equal(reasons.length, 1);
  assert.match(
    reasons[0] ?? '',
    /^not using the CPU kernels: .*\/nonexistent\/c\+\+.*, so the slower TensorFlow\.js .* is used; run chatbot-train doctor/,
  );
  device.dispose();
  await assert.rejects(selectDevice('cpu', { env }), fault('device', /nonexistent/));
  const asked = await selectDevice('tfjs:cpu', { onFallback: () => assert.fail('tfjs was requested') });
  assert.match(asked.description, /^TensorFlow\.js 4\.22\.0, plain JavaScript/);
  asked.dispose();
});

test('TensorFlow.js refuses half precision, says why, and names a device that supports it', async () => {
  const device = await selectDevice('tfjs:cpu');
  assert.equal(resolvePrecision(device, 'auto'), 'fp32');
  assert.equal(resolveWeightPrecision(device, 'auto'), 'fp32');
  for (const precision of ['bf16', 'fp16'] as const)
    assert.throws(
      () => resolvePrecision(device, precision),
      fault(
        'device',
        new RegExp(`${precision}, because TensorFlow.js has no half-precision type: .* --device cuda`),
      ),
    );
  assert.throws(
    () => resolveWeightPrecision(device, 'bf16'),
    fault('device', /--device cpu or --device cuda/),
  );
  device.dispose();
});

test('an unknown TensorFlow.js backend is a device error', async () => {
  await assert.rejects(
    selectDevice('tfjs:webgl'),
    fault('device', /unknown TensorFlow\.js backend 'webgl': use tfjs:node-gpu, /),
  );
});

test('an unknown device is a usage error', async () => {
  await assert.rejects(selectDevice('cud'), fault('usage', /unknown device 'cud' \(did you mean 'cuda'\?\)/));
  for (const name of ['', 'gpu', 'CPU', 'cpu:0', 'cuda:x', 'cuda:', 'tfjs:', 'auto:1', 'cuda:1:2'])
    await assert.rejects(selectDevice(name), fault('usage', /unknown device .*auto, cpu, cuda, cuda:N/));
});

test('the CPU computes in fp32 and bf16, and refuses fp16', async () => {
  const device = await selectDevice('cpu');
  const fast = device.precisions.bf16.computes === 'fast';
  assert.equal(resolvePrecision(device, 'auto'), fast ? 'bf16' : 'fp32');
  for (const precision of ['fp32', 'bf16'] as const)
    assert.equal(resolvePrecision(device, precision), precision);
  assert.throws(
    () => resolvePrecision(device, 'fp16'),
    fault('device', /cpu does not compute in fp16: use --precision bf16 or --precision fp32/),
  );
  device.dispose();
});

test('read-only weights are stored in bf16 if the device reads them fast, unless another precision is requested', async () => {
  const device = await selectDevice('cpu');
  const plain = able(device, {});
  const narrow = able(device, { bf16: { stores: 'fast' } });
  const slow = able(device, { bf16: { stores: 'slow' } });
  assert.equal(resolveWeightPrecision(device, 'auto'), 'bf16');
  assert.equal(resolveWeightPrecision(plain, 'auto'), 'fp32');
  assert.equal(resolveWeightPrecision(narrow, 'auto'), 'bf16');
  assert.equal(resolveWeightPrecision(narrow, 'fp32'), 'fp32');
  assert.equal(resolveWeightPrecision(slow, 'auto'), 'fp32');
  assert.equal(resolveWeightPrecision(slow, 'bf16'), 'bf16');
  assert.equal(resolveWeightPrecision(device, 'int8'), 'int8');
  assert.throws(
    () => resolveWeightPrecision(plain, 'int8'),
    fault(
      'device',
      /^cpu does not keep weights in int8: use --precision fp32, or --device cpu \(on CPU: .*\)\.$/,
    ),
  );
  assert.throws(
    () => resolveWeightPrecision(plain, 'bf16'),
    fault('device', /^cpu does not keep weights in bf16: use --precision fp32 \(on CPU: .*\)\.$/),
  );
  device.dispose();
});
