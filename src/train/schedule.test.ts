import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { learningRateAt, type Schedule, schedulerTypes, warmupSteps } from './schedule.js';

interface Goldens {
  readonly schedules: readonly (Schedule & { readonly rates: readonly number[] })[];
  readonly warmups: readonly (readonly [option: number, totalSteps: number, steps: number])[];
}

const goldens: Goldens = JSON.parse(
  readFileSync(new URL('../../../src/train/schedule-goldens.json', import.meta.url), 'utf8'),
);

fc.configureGlobal({ seed: 1 });

describe('learningRateAt', () => {
  for (const { rates, ...schedule } of goldens.schedules)
    it(`is get_scheduler's for ${JSON.stringify(schedule)}`, () => {
      for (const [step, expected] of rates.entries()) {
        const rate = learningRateAt(step, schedule);
        assert.ok(Math.abs(rate - expected) <= 1e-12 * expected, `step ${step}: ${rate} is not ${expected}`);
      }
    });

  it('has goldens for every type', () => {
    assert.deepEqual(new Set(goldens.schedules.map(({ type }) => type)), new Set(schedulerTypes));
  });

  it('stays between 0 and the highest rate, rises in the warm-up and never between it and the last step', () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom(...schedulerTypes),
          learningRate: fc.double({ min: 1e-8, max: 1, noNaN: true }),
          warmupSteps: fc.nat(200),
          totalSteps: fc.nat(200),
        }),
        fc.nat(400),
        (schedule, step) => {
          const rate = learningRateAt(step, schedule);
          const next = learningRateAt(step + 1, schedule);
          assert.ok(rate >= 0 && rate <= schedule.learningRate);
          const warmingUp = schedule.type !== 'constant' && step + 1 < schedule.warmupSteps;
          if (warmingUp) assert.ok(next > rate);
          else if (step >= schedule.warmupSteps && step < schedule.totalSteps) assert.ok(next <= rate);
        },
      ),
    );
  });
});

describe('warmupSteps', () => {
  for (const [option, totalSteps, steps] of goldens.warmups)
    it(`makes ${steps} of ${option} with ${totalSteps} steps in all`, () => {
      assert.equal(warmupSteps(option, totalSteps), steps);
    });
});
