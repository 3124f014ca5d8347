// The emulated card runs kernels as a card does, and detects what a card would reject or get wrong.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  begin,
  captured,
  card,
  kernel,
  numbers,
  punished,
  run,
  source,
  withEnvironment,
} from './kernels-card.js';

beforeEach(() => void begin());

describe('a kernel on the emulated card', () => {
  it('adds a multiple of a vector', () => {
    const y = card.upload(numbers(100, (i) => i));
    const x = card.upload(numbers(100, () => 2));
    run('axpy', { grid: 4 }, y, x, { float: 0.5 }, { int: 100 });
    assert.deepEqual(
      card.download(y, 100),
      numbers(100, (i) => i + 1),
    );
  });

  it('sums a block through shuffles, dynamic shared memory and a barrier', () => {
    const x = card.upload(numbers(512, (i) => i));
    const sums = card.allocate(8);
    run('block_sums', { grid: 2, block: 256, shared: 32 }, sums, x);
    assert.deepEqual([...card.download(sums, 2)], [32640, 98176]);
  });

  it('transposes through static shared memory', () => {
    const x = card.upload(numbers(1024, (i) => i));
    const out = card.allocate(4096);
    run('transpose', {}, out, x);
    assert.deepEqual(
      card.download(out, 1024),
      numbers(1024, (i) => (i % 32) * 32 + Math.floor(i / 32)),
    );
  });

  it('votes, shuffles up and down, counts at barriers and adds atomically', () => {
    const out = card.upload(new Float32Array(34));
    run('votes', {}, out);
    const expected = numbers(34, (lane) => {
      const down = lane % 8 === 7 ? lane : lane + 1;
      return Math.max(lane - 1, 0) * 10000 + down * 100 + 16;
    });
    expected.set([32, 120], 32);
    assert.deepEqual(card.download(out, 34), expected);
  });

  it('fills unwritten memory and shared memory with NaN', () => {
    const out = card.allocate(128);
    assert.ok(card.download(out, 32).every(Number.isNaN));
    card.call('cuMemsetD32Async', out, 0, 32, 0);
    run('unset_shared', {}, out);
    assert.ok(card.download(out, 32).every(Number.isNaN));
  });

  it('rounds to half precision and back with PTX', () => {
    const x = [0, -0, 1, 1 / 3, 65504, 65519.9, 65520, 2 ** -24, 2 ** -25, 3 * 2 ** -26, 2049, 2051, -1e9];
    const out = card.allocate(128);
    run('through_half', { block: x.length }, out, card.upload(Float32Array.from(x)));
    const third = 0.333251953125;
    const expected = [0, -0, 1, third, 65504, 65504, Infinity, 2 ** -24, 0, 2 ** -24, 2048, 2052, -Infinity];
    assert.deepEqual([...card.download(out, x.length)], expected);
  });
});

describe('tensor cores of the emulated card', () => {
  // Small integers, which every 16-bit type represents exactly.
  const a = numbers(256, (i) => ((i * 7) % 11) - 5);
  const b = numbers(128, (i) => ((i * 5) % 9) - 4); // [16,8]
  const product = numbers(128, (i) => {
    let sum = 0;
    for (let k = 0; k < 16; k++) sum += (a[Math.floor(i / 8) * 16 + k] ?? 0) * (b[k * 8 + (i % 8)] ?? 0);
    return sum;
  });

  it('multiply bf16 fragments', () => {
    const bits = (values: Float32Array) =>
      Uint16Array.from(new Uint32Array(values.buffer), (word) => word >> 16);
    const byColumns = numbers(128, (i) => b[(i % 16) * 8 + Math.floor(i / 16)] ?? 0);
    const out = card.allocate(512);
    run('product_bf16', {}, out, card.upload(bits(a)), card.upload(bits(byColumns)));
    assert.deepEqual(card.download(out, 128), product);
  });

  it('multiply f16 fragments loaded by cp.async and ldmatrix', () => {
    const bits = (values: Float32Array) => Uint16Array.from(values, halfBits);
    const out = card.allocate(512);
    run('product_f16', {}, out, card.upload(bits(a)), card.upload(bits(b)), { int: 1 });
    assert.deepEqual(card.download(out, 128), product);
  });

  it('detect a missing wait for cp.async', () => {
    const some = () => card.upload(new Uint16Array(256));
    const out = card.allocate(512);
    punished(719, /cp\.async copies that it did not wait for/, 'product_f16', {}, out, some(), some(), {
      int: 0,
    });
  });
});

/** The bits of an integer that half precision represents exactly. */
function halfBits(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude === 0) return 0;
  const exponent = Math.floor(Math.log2(magnitude));
  return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

describe('the emulated card ends a context', () => {
  const floats = (length: number) => card.upload(new Float32Array(length));

  it('for a read past the end of an allocation, naming thread and line', () => {
    const line = source.split('\n').findIndex((text) => text.includes('y[i] += a * x[i]')) + 1;
    punished(
      700,
      new RegExp(
        `axpy, block \\(1,0,0\\), thread \\(18,0,0\\): reads 4 bytes at .*, 0 bytes past the end of an allocation of 200 bytes(, line ${line})?$`,
      ),
      'axpy',
      { grid: 4 },
      floats(100),
      floats(50),
      { float: 1 },
      { int: 100 },
    );
  });

  it('for a write to memory that was freed', () => {
    const out = floats(128);
    card.call('cuMemFree_v2', out);
    punished(700, /writes 4 bytes .*an allocation of 512 bytes that was freed/, 'unset_shared', {}, out);
  });

  it('for a write to freed memory by a replayed graph', () => {
    const stream = card.out('cuStreamCreate', 1);
    const y = floats(64);
    const x = floats(64);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    assert.equal(card.launch(kernel('axpy'), { grid: 2, stream }, y, x, { float: 1 }, { int: 64 }), 0);
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    card.call('cuGraphLaunch', graph, stream);
    card.call('cuStreamSynchronize', stream);
    card.call('cuMemFree_v2', y);
    card.call('cuGraphLaunch', graph, stream);
    assert.equal(card.status('cuStreamSynchronize', stream), 700);
    assert.match(card.words(700), /that was freed.*in a graph/);
  });

  it('for a null pointer', () => {
    punished(700, /a null pointer/, 'unset_shared', {}, 0);
  });

  it('for a misaligned vector', () => {
    run('vector_copy', {}, floats(128), floats(256), { int: 4 });
    punished(716, /not a multiple of 16/, 'vector_copy', {}, floats(128), floats(256), { int: 2 });
  });

  it('for a race on shared memory', () => {
    punished(
      719,
      /race: \w+ shared memory that thread number \d+ (wrote|read) since/,
      'unsynchronized',
      { block: 64 },
      floats(64),
    );
  });

  it('for a race between the lanes of a warp', () => {
    run('unsynchronized_warp', {}, floats(32), { int: 1 });
    punished(719, /race/, 'unsynchronized_warp', {}, floats(32), { int: 0 });
  });

  it('for a barrier that not all threads reach', () => {
    punished(
      719,
      /divergence: ended while 40 of 64 threads wait/,
      'partial_barrier',
      { block: 64 },
      floats(64),
    );
  });

  it('for threads that wait at two barriers', () => {
    punished(
      719,
      /divergence: waits in __syncthreads at line \d+ while/,
      'two_barriers',
      { block: 64 },
      floats(64),
    );
  });

  it('for a shuffle that not all lanes of its mask reach', () => {
    punished(719, /divergence: waits in __shfl_xor_sync.* have ended/, 'partial_shuffle', {}, floats(32));
  });

  it('for an index outside dynamic and static shared memory', () => {
    run('past_dynamic', { block: 1, shared: 64 }, floats(1), { int: 15 });
    punished(700, /byte 64 of 64 bytes of dynamic/, 'past_dynamic', { block: 1, shared: 64 }, floats(1), {
      int: 16,
    });
    begin();
    punished(700, /index 4 is outside/, 'past_static', { block: 1 }, floats(1), { int: 4 });
  });

  it('when it is told to lose the card', () => {
    withEnvironment({ CUDA_EMULATOR_LOSE_AFTER: '0' }, () =>
      punished(999, /lost/, 'unset_shared', {}, floats(32)),
    );
  });
});

describe('the emulated driver', () => {
  it('has the configured number of cards, driver version and memory', () => {
    withEnvironment({ CUDA_EMULATOR_DEVICES: '0' }, () => assert.equal(card.status('cuInit', 0), 100));
    withEnvironment({ CUDA_EMULATOR_DRIVER_VERSION: '11040' }, () => {
      const version = new Int32Array(1);
      card.call('cuDriverGetVersion', version);
      assert.equal(version[0], 11040);
    });
    withEnvironment({ CUDA_EMULATOR_MEMORY: '1000' }, () => {
      assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 5000), 2);
    });
  });

  it('refuses to start with the error that CUDA_EMULATOR_INIT_ERROR says, and names it', () => {
    const errors = [
      [34, 'CUDA_ERROR_STUB_LIBRARY'],
      [802, 'CUDA_ERROR_SYSTEM_NOT_READY'],
      [803, 'CUDA_ERROR_SYSTEM_DRIVER_MISMATCH'],
      [804, 'CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE'],
    ] as const;
    for (const [status, name] of errors) {
      withEnvironment({ CUDA_EMULATOR_INIT_ERROR: `${status}` }, () =>
        assert.equal(card.status('cuInit', 0), status),
      );
      assert.equal(card.name(status), name);
    }
    assert.equal(card.name(709), 'CUDA_ERROR_CONTEXT_IS_DESTROYED');
    assert.equal(card.name(12_345), '');
  });

  it('refuses machine code for another card', () => {
    withEnvironment({ CUDA_EMULATOR_COMPUTE_CAPABILITY: '7.5' }, () => {
      const { image } = card.compile('extern "C" __global__ void nothing() {}');
      assert.equal(card.status('cuModuleLoadData', new BigUint64Array(1), image), 209);
    });
  });

  it('refuses more threads than __launch_bounds__, and more shared memory than was requested', () => {
    const x = card.upload(new Float32Array(512));
    assert.equal(card.launch(kernel('block_sums'), { block: 512, shared: 64 }, x, x), 701);
    assert.equal(card.launch(kernel('block_sums'), { block: 256, shared: 50_000 }, x, x), 1);
    card.call('cuFuncSetAttribute', kernel('block_sums'), 8, 50_000);
    assert.equal(card.launch(kernel('block_sums'), { block: 256, shared: 50_000 }, x, x), 0);
  });
});

describe('the emulated compiler', () => {
  it('reports an error with its line', () => {
    const { status, log } = card.compile('extern "C" __global__ void broken(float* x) {\n  x[0] = y;\n}\n');
    assert.equal(status, 6);
    assert.match(log, /kernels\.cu:2:.*y/);
  });

  it('names an unknown instruction', () => {
    const { status, log } = card.compile('__global__ void k(int* x) { asm("vote.odd %0;" : "=r"(x[0])); }');
    assert.equal(status, 6);
    assert.match(log, /ptx_vote_odd/);
  });

  it('refuses options and architectures that NVRTC does not have', () => {
    assert.equal(card.compile('', '--gpu-architecture=sm_35').status, 5);
    assert.equal(card.compile('', '--faster').status, 5);
  });
});
