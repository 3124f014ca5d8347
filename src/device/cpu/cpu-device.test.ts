import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { everyOperation } from '../../../test/device/conformance/every-operation.js';
import { Bench, expectSameResults } from '../../../test/device/conformance/harness.js';
import { flagMessageOf } from '../../cli/flag-names.js';
import { UserError } from '../../errors.js';
import { createCpuDevice } from './cpu-device.js';

const device = createCpuDevice({ threads: 2 });
after(() => device.dispose());

test('devices with different thread counts can be used alternately', () => {
  const single = createCpuDevice({ threads: 1 });
  const one = everyOperation(new Bench(single));
  expectSameResults(everyOperation(new Bench(device)), one, 'of two threads');
  expectSameResults(everyOperation(new Bench(single)), one, 'of one thread');
  single.dispose();
});

test('the description names the processor, threads, vector instructions and compiler', () => {
  assert.match(device.description, /^CPU: \S.*, 2 threads, (AVX|SSE|NEON|no vector)\S*.*, \S+ \d+\.\d+$/);
  const env = { ...process.env, OMP_NUM_THREADS: '3,2' };
  assert.equal(createCpuDevice({ env }).threads, 3);
  assert.equal(createCpuDevice({ env, threads: 1 }).threads, 1);
  assert.throws(() => createCpuDevice({ threads: 0 }), RangeError);
});

test('a run in bf16 records how its matrices were multiplied, and a resumed run says if that differs', () => {
  const fresh = createCpuDevice({ threads: 1 });
  everyOperation(new Bench(fresh));
  assert.equal(fresh.measuredChoices(), null, 'float32 has no choice');
  everyOperation(new Bench(fresh, 'bf16'));
  const choices = fresh.measuredChoices();
  assert.ok(choices);
  assert.equal(fresh.repeatChoices(choices), null);
  const other = { ...choices, chosen: { ...choices.chosen, 'bf16 matrices': 'a unit of another processor' } };
  assert.match(
    `${fresh.repeatChoices(other)}`,
    /^bf16 was multiplied with a unit of another processor there, and is .* here$/,
  );
  const otherAttention = { ...choices, chosen: { ...choices.chosen, 'bf16 attention': 'another unit' } };
  assert.match(
    `${fresh.repeatChoices(otherAttention)}`,
    /^bf16 in attention was multiplied with another unit there, and is .* here$/,
  );
  assert.match(
    `${fresh.repeatChoices({ madeOn: 'a GPU', chosen: {} })}`,
    /^that was on a GPU, and this is CPU: /,
  );
  fresh.dispose();
});

test('a checkpoint that says nothing about attention comes from a version that widened there', () => {
  const chosen = { 'bf16 matrices': device.bf16.unit ?? 'widened' };
  const why = device.repeatChoices({ madeOn: 'a CPU', chosen });
  if (device.bf16Attention.unit === null) assert.equal(why, null);
  else assert.match(`${why}`, /^bf16 in attention was widened there, and is multiplied with .* here$/);
});

test('allocated memory counts as used until the device is disposed', () => {
  const one = createCpuDevice();
  const before = one.availableMemory();
  const quarter = Math.floor(before / 4);
  one.allocate('activations', [Math.floor(quarter / 4)]);
  // The other half is slack for memory that other processes free meanwhile.
  assert.ok(one.availableMemory() <= before - quarter / 2);
  assert.ok(one.peakMemory() > 0);
  one.dispose();
  one.dispose();
  assert.throws(() => one.allocate('more', [1]), /disposed/);
});

test('an allocation that does not fit is refused with advice', () => {
  const elements = Math.ceil(device.availableMemory() / 4) + 1e9;
  assert.throws(
    () => device.allocate('activations', [elements]),
    (thrown) =>
      thrown instanceof UserError &&
      thrown.fault === 'device' &&
      /activations needs [\d.]+ GB and [\d.]+ GB are available/.test(flagMessageOf(thrown)) &&
      /--per-device-train-batch-size.*--max-length.*--gradient-checkpointing/.test(flagMessageOf(thrown)),
  );
  assert.throws(() => device.allocate('x', [2, -1]), /not a valid shape/);
  assert.throws(() => device.allocate('x', [2], 'f16'), /does not support f16/);
});

test('an error about a wrong shape names the operation and the tensor', () => {
  const a = device.allocate('activations', [4, 3]);
  const b = device.allocate('weights', [4, 3]);
  const out = device.allocate('outputs', [4, 4]);
  assert.throws(() => device.matmul(out, a, b), {
    message: 'matmul: b is weights f32[4,3], expected f32[3,4]',
  });
  device.matmul(out, a, b, { transposeB: true });
  const bias = device.allocate('bias', [4]);
  const epilogue = { kind: 'bias', bias } as const;
  assert.throws(
    () => device.matmul(out, a, b, { transposeB: true, accumulate: true, epilogue }),
    /accumulate/,
  );
  assert.throws(() => device.copy(a, out), /differ in size/);
  assert.throws(() => device.upload(a, new Float32Array(3)), /do not match/);
  assert.throws(() => device.upload(a, new Int32Array(12)), /do not match/);
  assert.throws(() => device.download(device.allocate('tokens', [1], 'i32')), /does not hold floats/);
  const counter = device.allocate('counter', [3], 'i32');
  const tokens = device.allocate('tokens', [4], 'i32');
  const everything = { probability: 1, site: 0, counter };
  assert.throws(
    () => device.embedding(a, tokens, tokens, { token: b, position: b }, everything),
    /dropout probability 1 is not in/,
  );
});

test('an index outside its table is refused before any memory is read', () => {
  const index = device.allocate('index', [2], 'i32');
  const [x, out] = [device.allocate('x', [5, 3]), device.allocate('out', [2, 3])];
  device.upload(index, Int32Array.of(4, 0));
  device.gatherRows(out, x, index);
  device.upload(index, Int32Array.of(0, 5));
  assert.throws(() => device.gatherRows(out, x, index), /gatherRows: entry 1 of index.*outside 0\.\.4/);
  assert.throws(() => device.scatterRows(x, out, index), /scatterRows: entry 1/);
  const none = { probability: 0, site: 0, counter: device.allocate('counter', [3], 'i32') };
  const positions = device.allocate('positions', [2], 'i32');
  const tables = { token: x, position: x };
  assert.throws(() => device.embedding(out, index, positions, tables, none), /embedding: entry 1/);
  assert.throws(() => device.embeddingBackward(tables, out, positions, index, none), /embeddingBackward/);
  const losses = device.allocate('losses', [2]);
  const targets = { labelSmoothing: 0 };
  assert.throws(() => device.crossEntropy(losses, out, index, targets), /crossEntropy: entry 1/);
  const cache = {
    keys: device.allocate('keys', [2, 4, 3]),
    values: device.allocate('values', [2, 4, 3]),
    lengths: positions,
    owners: device.allocate('owners', [2, 4], 'i32'),
  };
  const qkv = device.allocate('qkv', [2, 9]);
  const heads = { heads: 1, scale: 1 };
  const cached = (changes: Partial<typeof cache>) => () =>
    device.attentionCached(out, qkv, { ...cache, ...changes }, heads);
  assert.throws(cached({ lengths: index }), /attentionCached: entry 1/);
  device.upload(cache.owners, Int32Array.of(0, 0, 0, 2, 0, 0, 0, 0));
  assert.throws(cached({}), /attentionCached: entry 3/);
});
