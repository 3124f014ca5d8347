// What a run that needs too much memory is told: the options that make it fit, and no more of them than needed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tinyConfig } from '../../test/tiny-run.js';
import { flagMessageOf } from '../cli/flag-names.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import type { Device } from '../device/device.js';
import { totalBytes } from '../device/memory-plan.js';
import { ExitCode, UserError } from '../errors.js';
import type { LearnerOptions } from './learner.js';
import { planRunMemory, runMemory } from './plan.js';

describe('too little memory names the flags that make the run fit', () => {
  const wanted = {
    precision: 'fp32' as const,
    ...{ capacity: 64 * 1024, gradientCheckpointing: false, labelSmoothing: 0, samples: false },
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 },
  };
  const rows = { batchSize: 1024, maxLength: 64 };
  const onDevice = <Result>(ask: (device: Device) => Result, available?: number): Result => {
    const real = createCpuDevice({ threads: 1 });
    const small = Object.create(real, available ? { availableMemory: { value: () => available } } : {});
    try {
      return ask(small);
    } finally {
      real.dispose();
    }
  };
  const needed = (changes: Partial<LearnerOptions>) =>
    onDevice((device) => totalBytes(runMemory(device, tinyConfig, { ...wanted, ...changes })));
  const cureWith = (available: number): string | null =>
    onDevice((device) => {
      try {
        planRunMemory(device, tinyConfig, wanted, rows);
        return null;
      } catch (thrown) {
        assert.ok(thrown instanceof UserError);
        assert.equal(thrown.exitCode, ExitCode.device);
        return /too little\); (.*)$/.exec(flagMessageOf(thrown))?.[1] ?? '';
      }
    }, available);

  test('no more of them than are needed', () => {
    assert.equal(cureWith(needed({})), null);
    const gradientCheckpointing = true;
    for (const [changes, cure] of [
      [{ gradientCheckpointing }, '--gradient-checkpointing'],
      [{ capacity: 512 * 64 }, '--per-device-train-batch-size 512'],
      [
        { capacity: 256 * 64, gradientCheckpointing },
        '--per-device-train-batch-size 256 --gradient-checkpointing',
      ],
      [{ capacity: 64 }, '--per-device-train-batch-size 1'],
    ] as const)
      assert.equal(cureWith(needed(changes)), `it fits with ${cure}`);
  });

  test('where nothing helps, a smaller model', () => {
    assert.equal(cureWith(1e5), 'use a smaller model, or a device or machine with more memory');
  });
});
