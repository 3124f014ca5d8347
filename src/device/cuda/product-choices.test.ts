// How products are measured, chosen, kept and repeated. On the emulated card, whose clock counts what its environment
// says, and whose three algorithms add in different orders, so that the bits show which one ran.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { createEmulatedDevice, keepCompiledKernels } from '../../../test/cuda-emulator/device.js';
import { Bench, Random } from '../../../test/device/conformance/harness.js';
import type { MatmulOptions } from '../device.js';
import type { CudaDevice, CudaDeviceOptions } from './cuda-device.js';
import { ProductCache } from './product-cache.js';
import { ProductChoices } from './product-choices.js';

const root = mkdtempSync(join(tmpdir(), 'product-choices-'));
after(() => rmSync(root, { recursive: true, force: true }));
const devices: CudaDevice[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) device.dispose();
  for (const name of Object.keys(process.env))
    if (/^CUDA_EMULATOR_(TIMES|FAILING|MEMORY)/.test(name)) delete process.env[name];
});

/** A folder for XDG_CACHE_HOME in which nothing was measured. */
function emptyCache(): string {
  const cache = mkdtempSync(join(root, 'cache-'));
  keepCompiledKernels(cache);
  return cache;
}

function open(cache = emptyCache(), options: CudaDeviceOptions = {}): CudaDevice {
  const device = createEmulatedDevice({ leastMeasured: 0, ...options, env: { XDG_CACHE_HOME: cache } });
  devices.push(device);
  return device;
}

/** Virtual microseconds of the emulator's three algorithms, with and without an epilogue. A kernel takes one. */
function times(fused: string, plain: string): void {
  process.env.CUDA_EMULATOR_TIMES_FUSED = fused;
  process.env.CUDA_EMULATOR_TIMES_PLAIN = plain;
}

/** A product with a fused epilogue, and its result. */
function multiply(device: CudaDevice, options?: MatmulOptions): number[] {
  const bench = new Bench(device, 'f32', 'aligned');
  const random = new Random(7);
  const [a, b] = [
    bench.typed('a', [16, 300], random.normals(16 * 300)),
    bench.typed('b', [300, 24], random.normals(300 * 24)),
  ];
  const out = bench.typedOutput('out', [16, 24]);
  const bias = bench.typed('bias', [24], random.normals(24));
  device.matmul(out, a, b, options ?? { epilogue: { kind: 'bias', bias } });
  return [...bench.read(out)];
}

/** The way and the number of the algorithm. */
function chosen(device: CudaDevice): string[] {
  return device.products().map((product) => product.chosen.replace(/ 10(\d)\..*/, ' $1'));
}

describe('a product is measured once, and the fastest way is used', () => {
  for (const [fused, plain, way] of [
    ['30,20,25', '30,30,30', 'fused 1'],
    ['30,30,30', '30,30,28', 'separate 2'],
    ['30,30,30', '30,30,30', 'fused 0'],
  ] as const)
    test(`fused ${fused}, separate ${plain} plus one for the kernel: ${way}`, () => {
      times(fused, plain);
      const device = open();
      multiply(device);
      assert.deepEqual(chosen(device), [way]);
      const [product] = device.products();
      assert.equal(product?.measured.length, 6);
      assert.deepEqual(
        product?.measured.map(({ milliseconds }) => milliseconds),
        product?.measured.map(({ milliseconds }) => milliseconds).toSorted((one, other) => one - other),
      );
    });

  test('an algorithm that fails when it runs is not a candidate', () => {
    times('10,11,12', '50,50,50');
    process.env.CUDA_EMULATOR_FAILING_FUSED = '2';
    const device = open();
    multiply(device);
    assert.deepEqual(chosen(device), ['fused 2']);
  });

  test('the first candidate is used for small products', () => {
    times('30,10,20', '5,5,5');
    const device = open(emptyCache(), { leastMeasured: 16 * 24 * 300 + 1 });
    multiply(device);
    assert.deepEqual(chosen(device), ['fused 0']);
    assert.deepEqual(device.products()[0]?.measured, []);
  });

  test('measuring does not touch the results: a sum is added once', () => {
    const measured = open();
    const direct = open(emptyCache(), { leastMeasured: Number.POSITIVE_INFINITY });
    const accumulate = { accumulate: true };
    assert.deepEqual(multiply(measured, accumulate), multiply(direct, accumulate));
    assert.ok((measured.products()[0]?.measured.length ?? 0) > 0);
  });

  test('on a card without memory for a second output, the first candidate is used', () => {
    times('30,10,20', '30,10,20');
    process.env.CUDA_EMULATOR_MEMORY = String(400 * 2 ** 20);
    const device = open();
    multiply(device, {});
    assert.deepEqual(chosen(device), ['plain 1']);
    const bench = new Bench(device, 'f32', 'aligned');
    const a = bench.typed('a', [1024, 8], new Float64Array(1024 * 8));
    const b = bench.typed('b', [8, 1024], new Float64Array(1024 * 8));
    const out = bench.typedOutput('out', [1024, 1024]);
    // The device leaves 256 MiB to the driver; of them, 253 are taken as well.
    device.allocate('the rest', [(device.availableMemory() + 253 * 2 ** 20) / 4]);
    device.matmul(out, a, b);
    assert.deepEqual(chosen(device).at(-1), 'plain 0');
  });
});

describe('a choice is kept', () => {
  test('a later device repeats it, whatever it would measure', () => {
    const cache = emptyCache();
    times('30,30,10', '90,90,90');
    const results = [multiply(open(cache))];
    times('10,30,30', '90,90,90');
    results.push(multiply(open(cache)), multiply(open()));
    assert.deepEqual(devices.map(chosen), [['fused 2'], ['fused 2'], ['fused 0']]);
    const [first, repeated, other] = results;
    assert.deepEqual(repeated, first);
    assert.notDeepEqual(other, first, 'the algorithms differ in bits');
  });

  test('damaged lines are skipped, and of two for a product the first one counts', () => {
    const cache = emptyCache();
    times('30,30,10', '90,90,90');
    multiply(open(cache));
    const folder = join(cache, 'chatbot-train', 'products');
    const [name = ''] = readdirSync(folder);
    const line = readFileSync(join(folder, name), 'utf8').trimEnd();
    writeFileSync(join(folder, name), `{"product": 1}\nnot JSON\n${line}\n`);
    appendFileSync(join(folder, name), `${line.replaceAll('102.', '101.')}\n{"product`);
    const device = open(cache);
    multiply(device);
    assert.deepEqual(chosen(device), ['fused 2']);
  });

  test('what cuBLASLt no longer proposes is measured again', () => {
    const cache = emptyCache();
    multiply(open(cache));
    const folder = join(cache, 'chatbot-train', 'products');
    const [name = ''] = readdirSync(folder);
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(join(folder, name), text.replaceAll(' 100.', ' 999.'));
    times('30,30,10', '90,90,90');
    const device = open(cache);
    multiply(device);
    assert.deepEqual(chosen(device), ['fused 2']);
  });

  test('without a folder for the cache nothing is measured, so that runs agree', () => {
    const file = join(root, 'a file');
    writeFileSync(file, '');
    const choices = new ProductChoices(new ProductCache([join(file, 'below')], 'x.jsonl'), 'a card');
    assert.equal(choices.cache.keeps, false);
    const candidate = (id: string) => ({ way: 'plain', algorithm: { id, bytes: new Uint8Array() } }) as never;
    const candidates = [candidate('1'), candidate('2')];
    const ranked = choices.ranked(
      'p',
      () => candidates,
      () => assert.fail('measured'),
    );
    assert.deepEqual(ranked, candidates);
  });

  test('the second folder is used if the first one cannot be written', () => {
    const [file, second] = [join(root, 'also a file'), join(root, 'second')];
    writeFileSync(file, '');
    mkdirSync(second);
    const measured = { product: 'p', chosen: 'plain 1', measured: [] };
    new ProductCache([join(file, 'below'), second], 'x.jsonl').keep(measured);
    assert.deepEqual(new ProductCache([second], 'x.jsonl').find('p'), measured);
  });
});

describe('a run that resumes repeats the choices of its checkpoint', () => {
  test('even where the cache is empty or says otherwise', () => {
    times('30,30,10', '90,90,90');
    const before = open();
    const bits = multiply(before);
    times('10,30,30', '90,90,90');
    const cache = emptyCache();
    multiply(open(cache));
    const resumed = open(cache);
    assert.equal(resumed.repeatChoices(before.measuredChoices()), null);
    assert.deepEqual(resumed.measuredChoices(), before.measuredChoices(), 'even before they are needed');
    assert.deepEqual(multiply(resumed), bits);
    assert.deepEqual(resumed.measuredChoices(), before.measuredChoices());
  });

  test('choices made on another card or with another library are refused', () => {
    const device = open();
    const why = device.repeatChoices({ madeOn: 'another card', chosen: {} });
    assert.match(
      `${why}`,
      /^that was on another card, and this is CUDA emulator \(9\.0, 4 multiprocessors\) with cuBLASLt 13/,
    );
  });

  test('a choice that cannot be repeated is reported, and another one is made', () => {
    const notes: string[] = [];
    const device = open(emptyCache(), { onNote: (text) => notes.push(text) });
    multiply(device);
    const { madeOn, chosen: made } = device.measuredChoices();
    const other = open(emptyCache(), { onNote: (text) => notes.push(text) });
    const unknown = Object.fromEntries(Object.keys(made).map((product) => [product, 'fused 7.7']));
    assert.equal(other.repeatChoices({ madeOn, chosen: unknown }), null);
    multiply(other);
    assert.equal(notes.length, 1);
    assert.match(
      `${notes[0]}`,
      /^a matrix product cannot be computed as in the checkpoint \(f32\[16,24\] .*: fused 7\.7\)/,
    );
    assert.deepEqual(chosen(other), ['fused 0']);
  });
});
