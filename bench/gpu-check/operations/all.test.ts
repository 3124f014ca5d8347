import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CheckedOperations } from '../../../src/device/checked-operations.js';
import { presetConfig } from '../../../src/nn/gpt2-config.js';
import { createEmulatedDevice } from '../../../test/cuda-emulator/device.js';
import { Operands } from '../operands.js';
import { operations, transfers } from './all.js';
import { Setting } from './setting.js';

const { medium, tiny } = { medium: presetConfig('medium', 50257), tiny: presetConfig('tiny', 300) };
const device = createEmulatedDevice();

const cases = (setting: Setting) =>
  Object.entries(operations).flatMap(([operation, casesOf]) =>
    [casesOf(setting)].flat().map((each) => ({ operation, ...each })),
  );
const found = (operation: string, variant = '') => {
  const all = cases(new Setting(new Operands(device, 'bf16'), medium, 16, 1024));
  const one = all.find((each) => each.operation === operation && (each.variant ?? '') === variant);
  assert.ok(one, `${operation} ${variant}`);
  return one;
};

describe('the measured operations', () => {
  test('are all operations that a device implements', () => {
    const computed = Object.getOwnPropertyNames(CheckedOperations.prototype).filter(
      (name) => name !== 'constructor',
    );
    const implemented = [...computed, ...transfers];
    assert.deepEqual(Object.keys(operations).sort(), implemented.sort());
  });

  test('run at tiny sizes, and each says what it moves', () => {
    for (const { operation, variant = '', bytes, flops, prepare } of cases(
      new Setting(new Operands(device, 'bf16'), tiny, 1, 8),
    )) {
      assert.ok(bytes > 0 && flops >= 0, `${operation} ${variant}`);
      prepare()();
    }
    device.dispose();
  });

  test("have DialoGPT-medium's shapes", () => {
    assert.equal(found('matmul', 'qkv').shape, '[16384,3072] over 1024');
    assert.equal(
      found('matmul', 'fc2, gradient of weight').shape,
      '[4096,1024] over 16384, a transposed, accumulating',
    );
    assert.equal(found('matmul', 'logits').shape, '[1280,50304] over 1024, b transposed');
    assert.equal(found('adamw').shape, '[354823168] and a copy');
  });

  test('count the causal half of attention, and every number once', () => {
    assert.equal(found('matmul', 'qkv').flops, 2 * 16384 * 3072 * 1024);
    assert.equal(found('matmul', 'qkv').bytes, 2 * (16384 * 1024 + 1024 * 3072 + 16384 * 3072 + 3072));
    // Scores of 1024 x 1024 for 16 sequences and 16 heads of 64 channels, and as many weighted values.
    assert.equal(found('attention', 'without dropout').flops, (2 * (2 * 16 * 16 * 1024 * 1024 * 64)) / 2);
    assert.equal(found('adamw').bytes, 34 * 354823168);
  });
});
