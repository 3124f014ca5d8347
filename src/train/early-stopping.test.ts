import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type EarlyStoppingOptions, outOfPatience, recordEvaluation } from './early-stopping.js';

fc.configureGlobal({ seed: 1 });

/** What is decided at each of these losses, and the record after the last one. */
function observeAll(losses: readonly number[], options: EarlyStoppingOptions) {
  let record = { bestEvalLoss: null as number | null, evaluationsWithoutImprovement: 0 };
  const decisions = losses.map((loss) => {
    const { best, ...next } = recordEvaluation(record, loss, options);
    record = next;
    return { best, stop: outOfPatience(next, options) };
  });
  return { decisions, record };
}

const someLoss = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
);
const someOptions = fc.record({ patience: fc.nat(4), threshold: fc.constantFrom(0, 0.125, 0.25) });

describe('early stopping', () => {
  it('stops at the given number of evaluations in a row without improvement', () => {
    const { decisions } = observeAll([3, 2, 2.5, 2, 1.9, 2, 2, 2], { patience: 3, threshold: 0 });
    assert.deepEqual(
      decisions.map(({ stop }) => stop),
      [false, false, false, false, false, false, false, true],
    );
  });

  it('does not count an equal evaluation as the best', () => {
    const { decisions } = observeAll([3, 2, 2, 1], { patience: 3, threshold: 0 });
    assert.deepEqual(
      decisions.map(({ best }) => best),
      [true, true, false, true],
    );
  });

  it('wants an improvement of more than the threshold, but remembers the best below it', () => {
    const { decisions } = observeAll([2, 1.5, 0.875, 0.5, 0.25], { patience: 2, threshold: 0.5 });
    assert.deepEqual(decisions, [
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: false },
      { best: true, stop: true },
    ]);
  });

  it('never stops with patience 0', () => {
    const { decisions } = observeAll([1, 2, 3, Number.NaN, 4, 5], { patience: 0, threshold: 0 });
    assert.ok(decisions.every(({ stop }) => !stop));
  });

  it('takes NaN and infinity for evaluations without improvement', () => {
    const losses = [Number.NaN, 1, Number.NaN, Number.POSITIVE_INFINITY];
    const { decisions, record } = observeAll(losses, { patience: 2, threshold: 0 });
    assert.deepEqual(decisions, [
      { best: false, stop: false },
      { best: true, stop: false },
      { best: false, stop: false },
      { best: false, stop: true },
    ]);
    assert.deepEqual(record, { bestEvalLoss: 1, evaluationsWithoutImprovement: 2 });
  });

  it('has the lowest finite loss as its best', () => {
    fc.assert(
      fc.property(someOptions, fc.array(someLoss), (options, losses) => {
        const finite = losses.filter(Number.isFinite);
        const { record } = observeAll(losses, options);
        assert.equal(record.bestEvalLoss, finite.length === 0 ? null : Math.min(...finite));
      }),
    );
  });

  it('decides like EarlyStoppingCallback', () => {
    fc.assert(
      fc.property(
        someOptions.filter(({ patience }) => patience > 0),
        fc.array(someLoss).filter(([first]) => Number.isFinite(first)),
        ({ patience, threshold }, losses) => {
          const { decisions } = observeAll(losses, { patience, threshold });
          // check_metric_value and _determine_best_metric, line by line.
          let bestMetric: number | null = null;
          let counter = 0;
          for (const [index, loss] of losses.entries()) {
            if (bestMetric === null || (loss < bestMetric && Math.abs(loss - bestMetric) > threshold))
              counter = 0;
            else counter += 1;
            const isNewBest: boolean = loss < (bestMetric ?? Number.POSITIVE_INFINITY);
            if (isNewBest) bestMetric = loss;
            assert.deepEqual(decisions[index], { best: isNewBest, stop: counter >= patience });
          }
        },
      ),
    );
  });
});
