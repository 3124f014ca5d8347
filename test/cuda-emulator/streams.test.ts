// Streams, events and graphs of the emulated card: work runs as late as a card may run it, and takes virtual time.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import koffi from 'koffi';
import { begin, captured, card, kernel, microseconds, numbers } from './kernels-card.js';

let module = 0;
beforeEach(() => {
  module = begin();
});

describe('streams of the emulated card', () => {
  /** Pinned host memory, and a view of its numbers. */
  function pinned(length: number): { address: number; values: Float32Array } {
    const address = card.out('cuMemHostAlloc', 4 * length, 0);
    return { address, values: new Float32Array(koffi.view(address, 4 * length)) };
  }

  it('delay work until something waits for it', () => {
    const stream = card.out('cuStreamCreate', 1);
    const x = card.upload(numbers(4, (i) => i + 1));
    const { address, values } = pinned(4);
    card.call('cuMemcpyDtoHAsync_v2', address, x, 16, stream);
    assert.ok(values.every(Number.isNaN));
    card.call('cuStreamSynchronize', stream);
    assert.deepEqual([...values], [1, 2, 3, 4]);
  });

  it('run what another stream waits for first', () => {
    const [one, two] = [card.out('cuStreamCreate', 1), card.out('cuStreamCreate', 1)];
    const event = card.out('cuEventCreate', 0);
    const x = card.upload(new Float32Array(1));
    const { address, values } = pinned(1);
    values[0] = 5;
    card.call('cuMemcpyHtoDAsync_v2', x, address, 4, one);
    card.call('cuEventRecord', event, one);
    assert.equal(card.status('cuEventQuery', event), 600);
    card.call('cuStreamWaitEvent', two, event, 0);
    const back = pinned(1);
    card.call('cuMemcpyDtoHAsync_v2', back.address, x, 4, two);
    card.call('cuStreamSynchronize', two);
    assert.equal(back.values[0], 5);
    assert.equal(card.status('cuEventQuery', event), 0);
  });

  it('replay a captured graph with what memory contains at that time', () => {
    const stream = card.out('cuStreamCreate', 1);
    const y = card.upload(new Float32Array(32));
    const host = pinned(32);
    const x = card.allocate(128);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.call('cuMemcpyHtoDAsync_v2', x, host.address, 128, stream);
    card.launch(kernel('axpy'), { stream }, y, x, { float: 1 }, { int: 32 });
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    for (const value of [3, 4]) {
      host.values.fill(value);
      card.call('cuGraphLaunch', graph, stream);
      card.call('cuStreamSynchronize', stream);
    }
    assert.deepEqual(
      card.download(y, 32),
      numbers(32, () => 7),
    );
  });

  it('count the nodes of a graph, and list as many as fit', () => {
    const stream = card.out('cuStreamCreate', 1);
    const x = card.upload(new Float32Array(32));
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.call('cuMemsetD32Async', x, 0, 32, stream);
    card.call('cuEventRecord', card.out('cuEventCreate', 0), stream);
    card.launch(kernel('unset_shared'), { stream }, x);
    card.call('cuMemcpyDtoDAsync_v2', x, x, 128, stream);
    const graph = captured(stream);
    const nodesIn = (length: number) => {
      const [nodes, count] = [new BigUint64Array(length).fill(1n), BigUint64Array.of(BigInt(length))];
      card.call('cuGraphGetNodes', graph, length === 0 ? null : nodes, count);
      return { nodes: [...nodes], count: Number(count[0]) };
    };
    assert.equal(nodesIn(0).count, 3);
    const { nodes, count } = nodesIn(4);
    assert.equal(count, 3);
    assert.equal(new Set(nodes).size, 4);
    assert.equal(nodes[3], 0n);
    assert.deepEqual(nodesIn(2), { nodes: nodes.slice(0, 2), count: 2 });
  });

  it('leave their events reached and their captures invalid when they are destroyed', () => {
    const [stream, other] = [card.out('cuStreamCreate', 1), card.out('cuStreamCreate', 1)];
    const event = card.out('cuEventCreate', 0);
    card.call('cuEventRecord', event, stream);
    assert.equal(card.status('cuEventQuery', event), 0);
    card.call('cuMemsetD32Async', card.allocate(128), 0, 32, stream);
    card.call('cuEventRecord', event, stream);
    card.call('cuStreamDestroy_v2', stream);
    assert.equal(card.status('cuEventSynchronize', event), 0);
    card.call('cuStreamWaitEvent', other, event, 0);
    assert.equal(card.status('cuStreamSynchronize', other), 0);

    const joined = card.out('cuStreamCreate', 1);
    card.call('cuStreamBeginCapture_v2', other, 0);
    card.call('cuEventRecord', event, other);
    card.call('cuStreamWaitEvent', joined, event, 0);
    card.call('cuStreamDestroy_v2', joined);
    assert.equal(card.status('cuStreamEndCapture', other, new BigUint64Array(1)), 901);
  });

  it('do not replay a kernel whose module was unloaded', () => {
    const stream = card.out('cuStreamCreate', 1);
    const x = card.allocate(128);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.launch(kernel('unset_shared'), { stream }, x);
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    card.call('cuModuleUnload', module);
    card.call('cuGraphLaunch', graph, stream);
    assert.equal(card.status('cuStreamSynchronize', stream), 700);
    assert.match(card.words(700), /unset_shared: its module was unloaded/);
  });

  it('refuse to allocate or wait while they capture', () => {
    const stream = card.out('cuStreamCreate', 1);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    assert.equal(card.status('cuMemAlloc_v2', new BigUint64Array(1), 64), 900);
    assert.equal(card.status('cuStreamEndCapture', stream, new BigUint64Array(1)), 901);
  });
});

describe('the clock of the emulated card', () => {
  const elapsed = (start: number, end: number) =>
    card.status('cuEventElapsedTime_v2', new Float32Array(1), start, end);

  it('advances by a microsecond for each kernel, copy and memset, and for a graph by the sum of its nodes', () => {
    const stream = card.out('cuStreamCreate', 1);
    const [x, y] = [card.upload(new Float32Array(32)), card.upload(new Float32Array(32))];
    const work = () => {
      card.call('cuMemsetD32Async', x, 0, 32, stream);
      card.launch(kernel('axpy'), { stream }, y, x, { float: 1 }, { int: 32 });
      card.call('cuMemcpyDtoDAsync_v2', x, y, 128, stream);
    };
    card.call('cuStreamBeginCapture_v2', stream, 0);
    work();
    const graph = card.out('cuGraphInstantiateWithFlags', captured(stream), 0);
    assert.equal(
      microseconds(stream, () => {}),
      0,
    );
    assert.equal(microseconds(stream, work), 3);
    assert.equal(
      microseconds(stream, () => {
        card.call('cuGraphLaunch', graph, stream);
        card.call('cuGraphLaunch', graph, stream);
      }),
      6,
    );
  });

  it('is read only from recorded events that were created with timing, once they are reached', () => {
    const stream = card.out('cuStreamCreate', 1);
    const event = (flags = 0) => card.out('cuEventCreate', flags);
    const [start, end, never] = [event(), event(), event()];
    const untimed = event(2);
    for (const recorded of [start, end, untimed]) card.call('cuEventRecord', recorded, stream);
    assert.equal(elapsed(start, end), 600);
    assert.equal(elapsed(start, never), 400);
    card.call('cuStreamSynchronize', stream);
    assert.equal(elapsed(start, end), 0);
    assert.equal(elapsed(start, untimed), 400);
    assert.equal(elapsed(untimed, end), 400);
    card.call('cuStreamBeginCapture_v2', stream, 0);
    card.call('cuEventRecord', end, stream);
    captured(stream);
    assert.equal(elapsed(start, end), 907);
  });
});
