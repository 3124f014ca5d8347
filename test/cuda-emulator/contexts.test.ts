// Contexts of the emulated card: how long they last, and what ends with them. All as cuda.h describes it.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { begin, captured, card, kernel, punished } from './kernels-card.js';

let module = 0;
beforeEach(() => {
  module = begin();
});

const [invalidValue, invalidContext, invalidHandle, destroyed] = [1, 201, 400, 709];
const allocating = () => card.status('cuMemAlloc_v2', new BigUint64Array(1), 64);
const retain = () => card.out('cuDevicePrimaryCtxRetain', 0);
const release = () => card.call('cuDevicePrimaryCtxRelease_v2', 0);
const reset = () => card.call('cuDevicePrimaryCtxReset_v2', 0);
function isActive(): boolean {
  const active = new Int32Array(1);
  card.call('cuDevicePrimaryCtxGetState', 0, new Uint32Array(1), active);
  return active[0] === 1;
}
function freeMemory(): bigint {
  const [unused, total] = [new BigUint64Array(1), new BigUint64Array(1)];
  card.call('cuMemGetInfo_v2', unused, total);
  return unused[0] ?? -1n;
}

describe("a card's primary context", () => {
  it('lasts until its last reference is released', () => {
    retain();
    const x = card.upload(Float32Array.of(5));
    release();
    assert.deepEqual([...card.download(x, 1)], [5]);
    release();
    assert.ok(!isActive());
    assert.equal(allocating(), destroyed);
    assert.equal(card.status('cuDevicePrimaryCtxRelease_v2', 0), invalidContext);
  });

  it('ends when it is reset, whoever has retained it, and stays current', () => {
    const context = card.out('cuCtxGetCurrent');
    reset();
    assert.ok(!isActive());
    assert.equal(card.out('cuCtxGetCurrent'), context);
    for (const call of [allocating, () => card.status('cuCtxSynchronize')]) assert.equal(call(), destroyed);
    card.call('cuCtxSetCurrent', context);
    assert.equal(allocating(), destroyed);
    // A reset is no release, so there are two references now.
    assert.equal(retain(), context);
    assert.equal(allocating(), 0);
    release();
    assert.equal(allocating(), 0);
    release();
    assert.equal(allocating(), destroyed);
  });

  it('takes everything along that was created in it, and its handles are never valid again', () => {
    const create = () => {
      const stream = card.out('cuStreamCreate', 1);
      const address = card.allocate(64);
      card.call('cuStreamBeginCapture_v2', stream, 0);
      card.call('cuMemsetD32Async', address, 0, 1, stream);
      const graph = captured(stream);
      const executable = card.out('cuGraphInstantiateWithFlags', graph, 0);
      const event = card.out('cuEventCreate', 0);
      const pinned = card.out('cuMemHostAlloc', 64, 0);
      return { stream, graph, executable, event, address, pinned, module, launched: kernel('unset_shared') };
    };
    const old = create();
    module = begin();
    const now = create();
    const { launched } = old;
    const uses: readonly (readonly [status: number, name: string, ...values: unknown[]])[] = [
      [invalidHandle, 'cuStreamSynchronize', old.stream],
      [invalidHandle, 'cuStreamDestroy_v2', old.stream],
      [invalidHandle, 'cuEventRecord', old.event, now.stream],
      [invalidHandle, 'cuEventRecord', now.event, old.stream],
      [invalidHandle, 'cuEventQuery', old.event],
      [invalidHandle, 'cuStreamWaitEvent', now.stream, old.event, 0],
      [invalidHandle, 'cuEventDestroy_v2', old.event],
      [invalidHandle, 'cuGraphGetNodes', old.graph, null, new BigUint64Array(1)],
      [invalidHandle, 'cuGraphDestroy', old.graph],
      [invalidHandle, 'cuGraphLaunch', old.executable, now.stream],
      [invalidHandle, 'cuGraphExecDestroy', old.executable],
      [
        invalidHandle,
        'cuModuleGetFunction',
        new BigUint64Array(1),
        old.module,
        Buffer.from('unset_shared\0'),
      ],
      [invalidHandle, 'cuModuleUnload', old.module],
      [invalidHandle, 'cuFuncGetAttribute', new Int32Array(1), 0, launched],
      [invalidHandle, 'cuFuncSetAttribute', launched, 8, 64],
      [invalidHandle, 'cuLaunchKernel', launched, 1, 1, 1, 32, 1, 1, 0, now.stream, null, null],
      [invalidValue, 'cuMemFree_v2', old.address],
      [invalidValue, 'cuMemFreeHost', old.pinned],
    ];
    for (const [status, name, ...values] of uses) assert.equal(card.status(name, ...values), status, name);
    const kept = new Set<number>(Object.values(old));
    assert.deepEqual(
      Object.entries(now).filter(([, handle]) => kept.has(handle)),
      [],
    );
  });

  it('frees its memory', () => {
    const before = freeMemory();
    const x = card.allocate(1 << 20);
    assert.ok(freeMemory() < before);
    begin();
    assert.equal(freeMemory(), before);
    punished(700, /was freed/, 'unset_shared', {}, x);
  });

  it('keeps the error that ended its work until it ends itself', () => {
    const context = retain();
    punished(700, /null pointer/, 'unset_shared', {}, 0);
    release();
    card.call('cuCtxSetCurrent', context);
    assert.equal(retain(), context);
    assert.equal(allocating(), 700);
    release();
    release();
    assert.equal(retain(), context);
    assert.equal(allocating(), 0);
  });
});

describe('a created context', () => {
  it('has its own handles and its own errors', () => {
    const stream = card.out('cuStreamCreate', 1);
    const created = card.out('cuCtxCreate_v2', 0, 0);
    assert.equal(card.out('cuCtxGetCurrent'), created);
    assert.equal(card.status('cuStreamSynchronize', stream), invalidHandle);
    card.call('cuMemsetD32Async', card.allocate(64), 0, 1, 0);
    const freed = card.allocate(64);
    card.call('cuMemFree_v2', freed);
    assert.equal(card.status('cuMemsetD32Async', freed, 0, 1, 0), 700);
    assert.equal(allocating(), 700);
    card.call('cuCtxSetCurrent', retain());
    assert.equal(allocating(), 0);
    card.call('cuCtxDestroy_v2', created);
  });

  it('is no longer a context once it is destroyed; a primary context cannot be', () => {
    const primary = card.out('cuCtxGetCurrent');
    const created = card.out('cuCtxCreate_v2', 0, 0);
    card.call('cuCtxDestroy_v2', created);
    assert.equal(card.out('cuCtxGetCurrent'), primary);
    assert.equal(card.status('cuCtxSetCurrent', created), invalidContext);
    assert.equal(card.status('cuCtxDestroy_v2', created), invalidContext);
    assert.equal(card.status('cuCtxDestroy_v2', primary), invalidContext);
    assert.equal(allocating(), 0);
  });
});
