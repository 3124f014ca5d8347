// Thresholds from trials: the curve, and the lowest threshold that is precise enough.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { curveOf, thresholdFor } from './tune.js';

const trial = (score: number | null, isRight: boolean) => ({ score, isRight });

it('counts right and wrong answers at each threshold', () => {
  const curve = curveOf([trial(0.9, true), trial(0.8, false), trial(0.6, true), trial(null, false)]);
  const at = (threshold: number) => curve.find((point) => point.threshold === threshold);
  assert.equal(curve.length, 61);
  assert.deepEqual(at(0.5), { threshold: 0.5, precision: 2 / 3, recall: 0.5 });
  assert.deepEqual(at(0.7), { threshold: 0.7, precision: 0.5, recall: 0.25 });
  assert.deepEqual(at(0.95), { threshold: 0.95, precision: 1, recall: 0 });
});

it('takes the lowest threshold above which no wrong answers come back', () => {
  const curve = curveOf([trial(0.9, true), trial(0.8, false), trial(0.6, true)]);
  assert.equal(thresholdFor(curve, 0.95), 0.81);
  assert.equal(thresholdFor(curve, 0.5), 0.4);
  assert.equal(thresholdFor(curveOf([trial(1, false)]), 0.9), 1);
  assert.equal(thresholdFor(curveOf([]), 0.9), 0.4);
});
