import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { OperationClock } from './timed-device.js';

describe('a timed device', () => {
  const device = createCpuDevice({ threads: 1 });
  const clock = new OperationClock(device, 8);
  const { device: timed } = clock;
  const tensor = (...shape: number[]) => timed.allocate('test', shape);
  const [out, a, b] = [tensor(4, 6), tensor(4, 5), tensor(5, 6)];

  test('computes the same, and adds up the calls and costs of an operation', () => {
    clock.reset();
    timed.fill(a, 2);
    timed.fill(b, 3);
    timed.replay({}, 'product', () => {
      timed.matmul(out, a, b);
      timed.matmul(out, a, b);
    });
    assert.deepEqual([...timed.download(out)], new Array(24).fill(30));
    const operations = new Map(clock.operations().map((operation) => [operation.name, operation]));
    assert.deepEqual([...operations.keys()].sort(), ['download', 'fill', 'matmul 4 x 6 x 5']);
    const product = operations.get('matmul 4 x 6 x 5');
    assert.deepEqual([product?.calls, product?.flops], [2, 2 * 2 * 4 * 6 * 5]);
    assert.equal(operations.get('fill')?.bytes, 4 * (a.size + b.size));
  });

  test('tells products apart by shape and by what happens to the result', () => {
    clock.reset();
    timed.matmul(b, a, out, { transposeA: true, accumulate: true });
    timed.matmul(out, a, b, { epilogue: { kind: 'bias', bias: tensor(6) } });
    const names = clock.operations().map(({ name }) => name);
    assert.deepEqual(names.sort(), ['matmul 4 x 6 x 5, bias', 'matmul 5 x 6 x 4, a transposed, added']);
  });

  test('answers as the device does', () => {
    assert.equal(timed.description, device.description);
    assert.deepEqual(timed.precisions, device.precisions);
  });
});
