// What the CUDA device adds to the contract: graphs of repeated work, fused epilogues, TF32, and memory accounting. On
// the emulated card.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { emulatorFolder } from '../../../test/cuda-emulator/build.js';
import { contextsMade, createEmulatedDevice, cublasLtObjects } from '../../../test/cuda-emulator/device.js';
import { everyOperation } from '../../../test/device/conformance/every-operation.js';
import { Bench, expectClose, Random } from '../../../test/device/conformance/harness.js';
import { roundToBf16 } from '../../../test/device/reference.js';
import { type CudaDevice, type CudaDeviceOptions, createCudaDevice } from './cuda-device.js';
import { openDriver } from './driver.js';
import { narrow, widen } from './half-precision.js';

const moduleLoading = process.env.CUDA_MODULE_LOADING;
const devices: CudaDevice[] = [];
afterEach(() => {
  for (const name of ['EPILOGUES', 'FAILING_FUSED', 'FAILING_PLAIN', 'FAILING_TF32'])
    delete process.env[`CUDA_EMULATOR_${name}`];
  if (moduleLoading === undefined) delete process.env.CUDA_MODULE_LOADING;
  else process.env.CUDA_MODULE_LOADING = moduleLoading;
  for (const device of devices.splice(0)) device.dispose();
});

function open(options: CudaDeviceOptions = {}): CudaDevice {
  const device = createEmulatedDevice(options);
  devices.push(device);
  return device;
}

/** Each product, and the way in which it is computed. */
function ways(device: CudaDevice): string[] {
  return device
    .products()
    .map(
      ({ product, chosen }) =>
        `${product.replace(/, aligned to .*/, '')}: ${chosen.replace(/ [-.\d]+$/, '')}`,
    );
}

/** A step of a toy model. Each result builds on earlier ones, so that a missing or repeated step shows. */
function toy(device: CudaDevice) {
  const bench = new Bench(device, 'bf16', 'aligned');
  const random = new Random(4);
  const [rows, channels] = [24, 64];
  const x = bench.typed('x', [rows, channels], random.normals(rows * channels));
  const weight = bench.typed('weight', [channels, channels], random.normals(channels ** 2, 0.2));
  const bias = bench.typed('bias', [channels], random.normals(channels));
  const [out, preActivation] = [
    bench.typedOutput('out', [rows, channels]),
    bench.typedOutput('pre', [rows, channels]),
  ];
  const [normed, stats] = [bench.typedOutput('normed', [rows, channels]), bench.output('stats', [rows, 2])];
  const ones = bench.floats('ones', [channels], new Float64Array(channels).fill(1));
  const norm = { weight: ones, bias: ones };
  const gradient = bench.floats('gradient', [channels], new Float64Array(channels));
  const total = bench.floats('total', [1], [0]);
  const dropout = bench.dropout({ probability: 0.3, site: 1, counter: [5, 6, 7] });
  const step = () => {
    const epilogue = { kind: 'bias-activation', activation: 'gelu_new', bias, preActivation } as const;
    device.matmul(out, x, weight, { epilogue });
    device.residualLayernorm(x, normed, stats, out, out, norm, 1e-5, dropout);
    device.fill(preActivation, 0);
    device.sumRows(gradient, x);
    device.sum(total, gradient);
  };
  const set = (microStep: number) => device.upload(dropout.counter, Int32Array.of(5, 6, microStep));
  const state = () => [x, out, gradient, total].map((tensor) => bench.read(tensor));
  return { step, set, state };
}

test('replayed work gives the same bits as work that is queued each time', () => {
  const [direct, replayed] = [toy(open()), toy(open())];
  const [, device] = devices;
  assert.ok(device);
  for (let microStep = 0; microStep < 5; microStep++) {
    direct.set(microStep);
    direct.step();
    // Uploaded between replays: the graph reads what is there when it runs.
    replayed.set(microStep);
    device.replay(replayed, 'step', replayed.step);
    const state = direct.state();
    assert.ok(state.every((numbers) => numbers.every(Number.isFinite)));
    assert.deepEqual(replayed.state(), state, `step ${microStep}`);
  }
});

test('a replay calls its work twice and then never again; each key has its own graph', () => {
  const device = open();
  const counts = { a: 0, b: 0 };
  const total = device.allocate('total', [1]);
  const ones = device.allocate('ones', [3]);
  device.fill(ones, 1);
  const add = (key: 'a' | 'b') =>
    device.replay(device, key, () => {
      counts[key]++;
      device.sum(total, ones);
    });
  for (const key of ['a', 'a', 'b', 'a', 'a', 'b'] as const) add(key);
  assert.deepEqual(counts, { a: 2, b: 2 });
  assert.deepEqual([...device.download(total)], [18]);
});

test('graphs are listed with the number of nodes in each; without graphs, the work runs directly every time', () => {
  const runs = [true, false].map((graphs) => {
    const device = open({ graphs });
    const { step, state } = toy(device);
    for (let time = 0; time < 3; time++) device.replay(device, 'a step', step);
    return { state: state(), graphs: device.graphs() };
  });
  const [captured, direct] = runs;
  assert.deepEqual(
    captured?.graphs.map(({ key }) => key),
    ['a step'],
  );
  assert.ok((captured?.graphs[0]?.nodes ?? 0) >= 5);
  assert.deepEqual(direct?.graphs, []);
  assert.deepEqual(direct?.state, captured?.state);
});

test('timed work runs once, and takes time on the card', () => {
  const device = open();
  const total = device.allocate('total', [1]);
  const one = device.allocate('one', [1]);
  device.fill(one, 1);
  const milliseconds = device.timed(() => device.sum(total, one));
  assert.ok(milliseconds > 0);
  assert.deepEqual([...device.download(total)], [1]);
});

test('without card memory for a graph, the work runs without one', () => {
  for (const most of ['CUDA_EMULATOR_GRAPHS', 'CUDA_EMULATOR_LAUNCHED_GRAPHS']) {
    const device = open();
    const counts = { a: 0, b: 0, c: 0 };
    const total = device.allocate('total', [1]);
    const ones = device.allocate('ones', [3]);
    device.fill(ones, 1);
    process.env[most] = '1';
    for (let time = 0; time < 4; time++)
      for (const key of ['a', 'b', 'c'] as const)
        device.replay(device, key, () => {
          counts[key]++;
          device.sum(total, ones);
        });
    delete process.env[most];
    assert.equal(counts.a, 2, 'there was room for the first');
    // Work whose graph could not be made is called once more.
    assert.deepEqual(counts, { a: 2, b: 5, c: 4 }, most);
    assert.deepEqual([...device.download(total)], [36]);
    device.dispose();
  }
});

test('the number of graphs is limited', () => {
  const device = open();
  const total = device.allocate('total', [1]);
  const ones = device.allocate('ones', [1]);
  device.fill(ones, 1);
  let asked = 0;
  const every = () => {
    for (let key = 0; key < 70; key++)
      device.replay(device, `${key}`, () => {
        asked++;
        device.sum(total, ones);
      });
  };
  for (let time = 0; time < 3; time++) every();
  assert.equal(asked, 70 + 70 + 6);
  assert.deepEqual([...device.download(total)], [210]);
});

test('work that transfers to or from the host cannot be replayed, and fails at once', () => {
  const device = open();
  const tensor = device.allocate('x', [4]);
  const refused: readonly [string, RegExp, () => void][] = [
    ['up', /replay: up uploads/, () => device.upload(tensor, new Float32Array(4))],
    ['down', /replay: down downloads/, () => device.download(tensor)],
    ['more', /replay: more allocates/, () => device.allocate('y', [1])],
    ['outer', /replay: inner within outer/, () => device.replay(device, 'inner', () => {})],
  ];
  for (const [key, message, work] of refused) assert.throws(() => device.replay(device, key, work), message);
  let runs = 0;
  const failing = () => {
    device.fill(tensor, 2);
    if (++runs === 2) throw new Error('during the capture');
  };
  device.replay(device, 'failing', failing);
  assert.throws(() => device.replay(device, 'failing', failing), /during the capture/);
  device.replay(device, 'failing', failing);
  assert.deepEqual([...device.download(tensor)], [2, 2, 2, 2]);
});

test('a later device in the same process shares the context; after a lost card it gets a new one', () => {
  open().dispose();
  const made = contextsMade();
  for (let devices = 0; devices < 2; devices++) open().dispose();
  assert.equal(contextsMade(), made);
  const lost = open();
  const total = lost.allocate('total', [1]);
  process.env.CUDA_EMULATOR_LOSE_AFTER = '0';
  try {
    assert.throws(() => {
      lost.sum(total, lost.allocate('x', [64]));
      lost.download(total);
    }, /was lost/);
  } finally {
    delete process.env.CUDA_EMULATOR_LOSE_AFTER;
    lost.dispose();
  }
  const next = open();
  assert.equal(contextsMade(), made + 1);
  const ones = next.allocate('ones', [1]);
  next.fill(ones, 1);
  assert.deepEqual([...next.download(ones)], [1]);
});

test('an algorithm that fails when it runs is replaced by the next one, a fused product by a plain one', () => {
  const results = ['0', '2', '3'].map((failing) => {
    process.env.CUDA_EMULATOR_FAILING_FUSED = failing;
    const device = open();
    const { step, set, state } = toy(device);
    set(1);
    step();
    return { state: state(), fused: ways(device).map((line) => /: fused/.test(line)) };
  });
  const [usual, second, none] = results;
  assert.ok(usual?.fused.some((fused) => fused));
  assert.deepEqual(second, usual, 'every algorithm of the emulator computes the same');
  assert.deepEqual(
    none?.fused,
    usual?.fused.map(() => false),
  );
});

test('a plain product without any algorithm fails with one sentence', () => {
  process.env.CUDA_EMULATOR_FAILING_PLAIN = '2';
  process.env.CUDA_EMULATOR_EPILOGUES = 'none';
  toy(open()).step();
  process.env.CUDA_EMULATOR_FAILING_PLAIN = '3';
  assert.throws(
    toy(open()).step,
    /cuBLASLt 13\.0\.0 has no algorithm that computes .* on this GPU: .*pip install --upgrade/,
  );
});

test('the driver loads kernels when they are first used, unless the environment says otherwise', () => {
  delete process.env.CUDA_MODULE_LOADING;
  open();
  assert.equal(process.env.CUDA_MODULE_LOADING, 'LAZY');
  process.env.CUDA_MODULE_LOADING = 'EAGER';
  open();
  assert.equal(process.env.CUDA_MODULE_LOADING, 'EAGER');
  delete process.env.CUDA_MODULE_LOADING;
  openDriver({ CHATBOT_TRAIN_CUDA_LIBRARIES: emulatorFolder(), CUDA_MODULE_LOADING: 'EAGER' });
  assert.equal(process.env.CUDA_MODULE_LOADING, 'EAGER');
});

test('an epilogue is fused where cuBLASLt offers it, and reported by shape', () => {
  const results = [open(), open()].map((device, at) => {
    if (at === 1) process.env.CUDA_EMULATOR_EPILOGUES = 'none';
    const bench = new Bench(device, 'bf16', 'aligned');
    const random = new Random(3);
    const [a, b] = [
      bench.typed('a', [8, 32], random.normals(256)),
      bench.typed('b', [32, 16], random.normals(512, 0.2)),
    ];
    const bias = bench.typed('bias', [16], random.normals(16));
    const outs = (['gelu_new', 'gelu'] as const).flatMap((activation) => {
      const preActivation = bench.typedOutput('preActivation', [8, 16]);
      const [out, gradient] = [bench.typedOutput('out', [8, 16]), bench.typedOutput('gradient', [8, 16])];
      device.matmul(out, a, b, {
        epilogue: { kind: 'bias-activation', activation, bias, preActivation },
      });
      device.matmul(gradient, a, b, { epilogue: { kind: 'activation-gradient', activation, preActivation } });
      return [bench.read(out), bench.read(gradient)];
    });
    const told = ways(device);
    const by = at === 0 ? 'fused' : 'separate';
    assert.deepEqual(told, [
      `bf16[8,16] = bf16 bf16 over 32, bias-activation gelu_new: ${by}`,
      `bf16[8,16] = bf16 bf16 over 32, activation-gradient gelu_new: ${by}`,
      'bf16[8,16] = bf16 bf16 over 32, bias-activation gelu: separate',
      'bf16[8,16] = bf16 bf16 over 32, activation-gradient gelu: separate',
    ]);
    return outs;
  });
  const [one, other] = results;
  assert.notDeepEqual(one?.slice(0, 2), other?.slice(0, 2), 'fused or not, the roundings differ');
  assert.deepEqual(one?.slice(2), other?.slice(2), 'the exact GELU is never fused');
});

/** A gradient [8,16] through activations with slope 1, and its column sums, added to previous values. */
function summedGradient(device: CudaDevice, type: 'bf16' | 'f16', a: Float64Array, b: Float64Array) {
  const bench = new Bench(device, type, 'aligned');
  const gradient = bench.typedOutput('gradient', [8, 16]);
  const biasGradient = bench.floats('biasGradient', [16], new Random(5).normals(16));
  const preActivation = bench.typed('preActivation', [8, 16], new Float64Array(128).fill(40));
  const epilogue = {
    kind: 'activation-gradient',
    activation: 'gelu_new',
    preActivation,
    biasGradient,
  } as const;
  device.matmul(gradient, bench.typed('a', [8, 32], a), bench.typed('b', [32, 16], b), { epilogue });
  return [bench.read(gradient), bench.read(biasGradient)];
}

test('the bias gradient is correct whether cuBLASLt fuses both epilogues, one, or none', () => {
  const random = new Random(4);
  // Whole numbers, so that no order of summation rounds.
  const [a, b] = [8 * 32, 32 * 16].map((size) =>
    Float64Array.from(random.integers(size, 3), (value) => value - 1),
  );
  assert.ok(a && b);
  const product = 'bf16[8,16] = bf16 bf16 over 32, activation-gradient gelu_new, with bias gradient';
  const offers = { all: 'fused', 'no-bias-gradient': 'fused, sums apart', none: 'separate' };
  const results = Object.entries(offers).map(([offered, way]) => {
    process.env.CUDA_EMULATOR_EPILOGUES = offered;
    const device = open();
    const result = summedGradient(device, 'bf16', a, b);
    assert.deepEqual(ways(device), [`${product}: ${way}`]);
    return result;
  });
  const [first, ...others] = results;
  for (const other of others) assert.deepEqual(other, first);
});

test('in fp16 the bias gradient is summed in float32, where it may exceed the fp16 range', () => {
  const device = open();
  const [a, b] = [new Float64Array(8 * 32).fill(100), new Float64Array(32 * 16).fill(10)];
  const [gradient, sums] = summedGradient(device, 'f16', a, b);
  assert.ok(gradient?.every((value) => value === 32_000));
  assert.ok(sums?.every((value) => Math.abs(value - 8 * 32_000) < 10));
  assert.deepEqual(ways(device), [
    'f16[8,16] = f16 f16 over 32, activation-gradient gelu_new, with bias gradient: fused, sums apart',
  ]);
});

test('a disposed device leaves no cuBLASLt objects behind', () => {
  assert.equal(cublasLtObjects(), 0);
  const device = open();
  // Of the three ways, one is not available, and its description is no longer needed.
  process.env.CUDA_EMULATOR_EPILOGUES = 'no-bias-gradient';
  summedGradient(device, 'bf16', new Float64Array(8 * 32), new Float64Array(32 * 16));
  // The handle; for each of two ways, one description and three layouts.
  assert.equal(cublasLtObjects(), 9);
  device.dispose();
  assert.equal(cublasLtObjects(), 0);
});

test('TF32 is used only if requested, and the description names it', () => {
  const product = (device: CudaDevice) => {
    const [out, a, b] = [
      [1, 1],
      [1, 1],
      [1, 1],
    ].map((shape) => device.allocate('x', shape));
    assert.ok(out && a && b);
    device.upload(a, Float32Array.of(1 + 2 ** -20));
    device.upload(b, Float32Array.of(1));
    device.matmul(out, a, b);
    return device.download(out)[0];
  };
  const [exact, rounded] = [open(), open({ tf32: true })];
  assert.equal(product(exact), 1 + 2 ** -20);
  assert.equal(product(rounded), 1);
  assert.doesNotMatch(exact.description, /TF32/);
  assert.match(rounded.description, /TF32 for float32 products/);
  // Every algorithm of TF32 is proposed, and fails when it runs.
  process.env.CUDA_EMULATOR_FAILING_TF32 = '3';
  const fallen = open({ tf32: true });
  assert.equal(product(fallen), 1 + 2 ** -20);
  assert.match(fallen.products()[0]?.chosen ?? '', /^plain, float32 /);
});

test('all uploads arrive, even if they come faster than the card fetches them', () => {
  const device = open();
  const size = 1000;
  const targets = Array.from({ length: 70 }, (_, at) => device.allocate(`x${at}`, [size]));
  const numbers = new Float32Array(size);
  for (const [at, target] of targets.entries()) device.upload(target, numbers.fill(at));
  for (const [at, target] of targets.entries())
    assert.deepEqual(device.download(target), new Float32Array(size).fill(at));
  const large = device.allocate('large', [300_001], 'i32');
  const floats = device.allocate('floats', [300_001]);
  device.upload(
    large,
    Int32Array.from({ length: 300_001 }, (_, at) => at),
  );
  device.upload(
    floats,
    Float32Array.from({ length: 300_001 }, (_, at) => at),
  );
  assert.deepEqual(
    device.download(floats),
    Float32Array.from({ length: 300_001 }, (_, at) => at),
  );
});

test('a fetch returns the values at the time of the call, even with many fetches in flight', () => {
  const device = open();
  const tensor = device.allocate('x', [6]);
  const fetched = Array.from({ length: 80 }, (_, at) => {
    device.fill(tensor, at);
    return device.fetch(tensor);
  });
  assert.equal(fetched[0]?.ready(), true, 'the last ones had to wait for all');
  device.fill(tensor, -1);
  const last = device.fetch(tensor);
  fetched.reverse();
  for (const [at, numbers] of fetched.entries())
    assert.deepEqual(numbers.wait(), new Float32Array(6).fill(79 - at));
  assert.deepEqual(last.wait(), last.wait());
  const half = device.allocate('half', [3], 'f16');
  device.upload(half, Float32Array.of(1, -2.5, 1 / 3));
  assert.deepEqual([...device.fetch(half).wait()], [1, -2.5, 0.333251953125]);
  const later = device.fetch(tensor);
  assert.deepEqual([...later.wait()], [-1, -1, -1, -1, -1, -1]);
  assert.equal(later.ready(), true);
});

test('attention accepts a mix of aligned and unaligned matrices', () => {
  const device = open();
  const random = new Random(6);
  const [rows, channels] = [5, 64];
  const numbers = { qkv: random.normals(rows * 3 * channels), grad: random.normals(rows * channels) };
  const [starts, ends] = [new Int32Array(rows), new Int32Array(rows).fill(rows)];
  const results = ['none', 'qkv', 'out', 'gradOut', 'gradQkv'].map((unaligned) => {
    const bench = (name: string) => new Bench(device, 'f16', name === unaligned ? 'unaligned' : 'aligned');
    const qkv = bench('qkv').typed('qkv', [rows, 3 * channels], numbers.qkv);
    const out = bench('out').typedOutput('out', [rows, channels]);
    const gradOut = bench('gradOut').typed('gradOut', [rows, channels], numbers.grad);
    const gradQkv = bench('gradQkv').typedOutput('gradQkv', [rows, 3 * channels]);
    const others = bench('others');
    const logSumExp = others.output('logSumExp', [2, rows]);
    const segments = { starts: others.integers('starts', starts), ends: others.integers('ends', ends) };
    const dropout = others.dropout({ probability: 0, site: 1, counter: [1, 2, 3] });
    const options = { heads: 2, scale: 0.2, segments, dropout };
    device.attention(out, logSumExp, qkv, options);
    device.attentionBackward(gradQkv, gradOut, out, logSumExp, qkv, options);
    return [out, gradQkv].map((tensor) => device.download(tensor));
  });
  for (const result of results)
    result.forEach((values, at) => {
      // With all matrices aligned, tensor cores are used, and they round at different points.
      expectClose(values, results[0]?.[at] ?? [], at === 0 ? 'out' : 'gradQkv', 1e-2);
    });
});

test('memory is reported by label, including the workspace, and as the driver counts it', () => {
  const device = open();
  const { available, inUse } = { available: device.availableMemory(), inUse: device.memoryInUse() };
  const workspace = device.allocated().get('workspace') ?? 0;
  assert.ok(workspace >= 32 * 2 ** 20 && inUse >= workspace);
  device.allocate('weights', [1 << 20], 'bf16');
  device.allocate('weights', [1 << 20]);
  assert.equal(device.allocated().get('weights'), 6 * 2 ** 20);
  assert.ok(device.memoryInUse() - inUse >= 6 * 2 ** 20);
  assert.ok(available - device.availableMemory() >= 6 * 2 ** 20);
  // Running operations takes no more memory.
  const before = device.memoryInUse();
  const bench = new Bench(device, 'f16', 'aligned');
  const taken = new Map(device.allocated());
  everyOperation(bench);
  assert.equal(device.allocated().get('workspace'), taken.get('workspace'));
  assert.ok(device.peakMemory() >= before);
  device.dispose();
  assert.ok(device.peakMemory() >= before);
});

test('a device that fails to start leaves nothing behind, and another one starts', () => {
  const folder = emulatorFolder();
  const partial = mkdtempSync(join(tmpdir(), 'cuda-without-cublaslt-'));
  try {
    for (const name of readdirSync(folder))
      if (!name.startsWith('libcublasLt')) symlinkSync(join(folder, name), join(partial, name));
    const env = { ...process.env, CHATBOT_TRAIN_CUDA_LIBRARIES: partial };
    assert.throws(() => createCudaDevice({ env }), /libcublasLt of CUDA 13 or 12 is not found/);
  } finally {
    rmSync(partial, { recursive: true });
  }
  const device = open();
  assert.deepEqual([...device.download(device.allocate('x', [2]))], [0, 0]);
});

test('halves are rounded to the nearest, and widened exactly', () => {
  const random = new Random(8);
  const values = Float32Array.from([...random.normals(2000, 1e-5), ...random.normals(2000, 300)]);
  const halves = new Uint16Array(values.length);
  const back = new Float32Array(values.length);
  narrow(halves, values, 'bf16');
  widen(back, halves, 'bf16');
  assert.deepEqual([...back], Array.from(values, roundToBf16));
  // Every possible binary16 value survives the round trip.
  const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const wide = new Float32Array(all.length);
  const again = new Uint16Array(all.length);
  widen(wide, all, 'f16');
  narrow(again, wide, 'f16');
  const isNaN16 = (bits: number) => (bits & 0x7fff) > 0x7c00;
  for (const bits of all)
    assert.ok(
      isNaN16(bits) ? isNaN16(again[bits] ?? 0) : again[bits] === bits,
      `${bits} came back as ${again[bits]}`,
    );
});
