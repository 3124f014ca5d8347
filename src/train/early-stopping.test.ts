import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EarlyStopping } from './early-stopping.js';

fc.configureGlobal({ seed: 1 });

function observeAll(stopping: EarlyStopping, losses: readonly number[]) {
  return losses.map((loss) => stopping.observe(loss));
}

const someLoss = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
);
const someOptions = fc.record({ patience: fc.nat(4), threshold: fc.constantFrom(0, 0.125, 0.25) });

describe('EarlyStopping', () => {
  it('stops at the given number of evaluations in a row without improvement', () => {
    const stopping = new EarlyStopping({ patience: 3, threshold: 0 });
    const stops = observeAll(stopping, [3, 2, 2.5, 2, 1.9, 2, 2, 2]).map(({ stop }) => stop);
    assert.deepEqual(stops, [false, false, false, false, false, false, false, true]);
  });

  it('takes no evaluation for the best that only equals it', () => {
    const stopping = new EarlyStopping({ patience: 3, threshold: 0 });
    assert.deepEqual(
      observeAll(stopping, [3, 2, 2, 1]).map(({ best }) => best),
      [true, true, false, true],
    );
  });

  it('wants an improvement of more than the threshold, but remembers the best below it', () => {
    const stopping = new EarlyStopping({ patience: 2, threshold: 0.5 });
    assert.deepEqual(observeAll(stopping, [2, 1.5, 0.875, 0.5, 0.25]), [
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: true },
    ]);
  });

  it('never stops with patience 0', () => {
    const stopping = new EarlyStopping({ patience: 0, threshold: 0 });
    assert.ok(observeAll(stopping, [1, 2, 3, Number.NaN, 4, 5]).every(({ stop }) => !stop));
  });

  it('takes NaN and infinity for evaluations without improvement', () => {
    const stopping = new EarlyStopping({ patience: 2, threshold: 0 });
    assert.deepEqual(observeAll(stopping, [Number.NaN, 1, Number.NaN, Number.POSITIVE_INFINITY]), [
      { best: false, stop: false },
      { best: true, stop: false },
      { best: false, stop: false },
      { best: false, stop: true },
    ]);
    assert.deepEqual(stopping.state(), { bestLoss: 1, evaluationsWithoutImprovement: 2 });
  });

  it('has the lowest finite loss as its best', () => {
    fc.assert(
      fc.property(someOptions, fc.array(someLoss), (options, losses) => {
        const stopping = new EarlyStopping(options);
        observeAll(stopping, losses);
        const finite = losses.filter(Number.isFinite);
        assert.equal(stopping.state().bestLoss, finite.length === 0 ? null : Math.min(...finite));
      }),
    );
  });

  it('decides as EarlyStoppingCallback does', () => {
    fc.assert(
      fc.property(
        someOptions.filter(({ patience }) => patience > 0),
        fc.array(someLoss).filter(([first]) => Number.isFinite(first)),
        ({ patience, threshold }, losses) => {
          const stopping = new EarlyStopping({ patience, threshold });
          // check_metric_value and _determine_best_metric, line by line.
          let bestMetric: number | null = null;
          let counter = 0;
          for (const loss of losses) {
            if (bestMetric === null || (loss < bestMetric && Math.abs(loss - bestMetric) > threshold))
              counter = 0;
            else counter += 1;
            const isNewBest: boolean = loss < (bestMetric ?? Number.POSITIVE_INFINITY);
            if (isNewBest) bestMetric = loss;
            assert.deepEqual(stopping.observe(loss), { best: isNewBest, stop: counter >= patience });
          }
        },
      ),
    );
  });

  it('goes on after a restore as if nothing had been', () => {
    fc.assert(
      fc.property(someOptions, fc.array(someLoss), fc.array(someLoss), (options, before, after) => {
        const uninterrupted = new EarlyStopping(options);
        observeAll(uninterrupted, before);
        const resumed = new EarlyStopping(options);
        resumed.restore(JSON.parse(JSON.stringify(uninterrupted.state())));
        assert.deepEqual(observeAll(resumed, after), observeAll(uninterrupted, after));
      }),
    );
  });
});
