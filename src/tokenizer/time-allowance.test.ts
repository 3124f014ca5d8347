import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutOfTime, TimeAllowance } from './time-allowance.js';

const endless = () => {
  for (;;);
};

describe('a time allowance', () => {
  it('returns what a step returns, and throws what it throws', () => {
    const allowance = new TimeAllowance(1000);
    assert.equal(
      allowance.spend(0, () => 42),
      42,
    );
    assert.throws(
      () =>
        allowance.spend(0, () => {
          throw new RangeError('of the step');
        }),
      { name: 'RangeError', message: 'of the step' },
    );
  });

  it('stops a loop, and a pattern during its search', () => {
    assert.throws(() => new TimeAllowance(20).spend(0, endless), OutOfTime);
    const pattern = /(.+)+!/u;
    assert.throws(() => new TimeAllowance(20).spend(0, () => pattern.test('a'.repeat(60))), OutOfTime);
  });

  it('has nothing left after a step that was stopped, except for the next grant', () => {
    const allowance = new TimeAllowance(50);
    assert.throws(() => allowance.spend(0, endless), /more than 50 ms/);
    assert.throws(() => allowance.spend(2, endless), /more than 2 ms/);
  });

  it('decreases by the time that was spent, and never exceeds its initial value', () => {
    let time = 0;
    const allowance = new TimeAllowance(5000, () => time);
    const take = (milliseconds: number) => () => {
      time += milliseconds;
    };
    allowance.spend(0, take(4990));
    assert.throws(() => allowance.spend(0, endless), /more than 10 ms/);
    for (let step = 0; step < 100; step++) allowance.spend(1000, take(1));
    allowance.spend(0, take(4980));
    assert.throws(() => allowance.spend(0, endless), /more than 20 ms/);
  });

  it('can be spent inside a step that spends another one', () => {
    const inner = new TimeAllowance(20);
    const outer = new TimeAllowance(2000);
    assert.equal(
      outer.spend(0, () => {
        assert.throws(() => inner.spend(0, endless), OutOfTime);
        return outer.spend(0, () => 'still here');
      }),
      'still here',
    );
  });
});
