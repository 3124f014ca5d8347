import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { flagMessageOf } from '../cli/flag-names.js';
import { UserError } from '../errors.js';
import { freeDisk, planDisk, refuseFullDisk, type Writing } from './disk-plan.js';

/** A model of a million bytes; 12 checkpoints of three million. */
const writing: Writing = {
  parameters: 250_000,
  vocabularySize: 0,
  firstStep: 0,
  totalSteps: 100,
  saveSteps: 10,
  saveTotalLimit: null,
  evalSteps: 25,
  existing: 0,
};
const bytesOf = (changes: Partial<Writing>) => planDisk({ ...writing, ...changes }, null).bytes;
const refusal = (changes: Partial<Writing>, free: number): string => {
  const changed = { ...writing, ...changes };
  try {
    refuseFullDisk('results/mine', changed, planDisk(changed, free));
  } catch (thrown) {
    assert.ok(thrown instanceof UserError);
    assert.equal(thrown.exitCode, 5);
    return flagMessageOf(thrown);
  }
  return 'fits';
};

test('every checkpoint that stays is counted, the one being written, and the model at the top', () => {
  assert.equal(bytesOf({ evalSteps: null }), 10 * 3e6 + 1e6);
  assert.equal(bytesOf({ evalSteps: null, totalSteps: 101 }), 11 * 3e6 + 1e6);
  assert.equal(bytesOf({ totalSteps: 5 }), 3e6 + 1e6);
  assert.equal(bytesOf({ saveTotalLimit: 4 }), 5 * 3e6 + 1e6);
  // 25 and 75 may be the best so far; 50 and 100 are saved anyway.
  assert.equal(bytesOf({}), 12 * 3e6 + 1e6);
  assert.equal(bytesOf({ totalSteps: 75 }), 9 * 3e6 + 1e6);
  assert.equal(bytesOf({ totalSteps: 76 }), 10 * 3e6 + 1e6);
  assert.equal(bytesOf({ saveTotalLimit: 40 }), 12 * 3e6 + 1e6);
  // The best and the newest stay whatever the limit.
  assert.equal(bytesOf({ saveTotalLimit: 1 }), 3 * 3e6 + 1e6);
  assert.equal(bytesOf({ saveTotalLimit: 1, evalSteps: null }), 2 * 3e6 + 1e6);
});

test('a resumed run adds to what is there', () => {
  assert.equal(bytesOf({ firstStep: 50, existing: 5 }), 6 * 3e6 + 1e6);
  assert.equal(bytesOf({ firstStep: 50, existing: 2, saveTotalLimit: 2 }), 3e6 + 1e6);
  assert.equal(bytesOf({ firstStep: 100, existing: 10 }), 1e6);
});

test('too little disk is refused with the flag that makes the run fit, and that flag does', () => {
  assert.equal(refusal({}, 37e6), 'fits');
  assert.equal(
    refusal({}, 30e6),
    'the run would write 37.0 MB to results/mine (up to 12 checkpoints of 3.0 MB, and the model), but 30.0 MB are free; ' +
      'it fits with --save-total-limit 8; or free some space, or name an --output-dir on another disk',
  );
  assert.equal(refusal({ saveTotalLimit: 8 }, 30e6), 'fits');
  assert.match(refusal({}, 10e6), /it fits with --save-total-limit 2;/);
  assert.equal(refusal({ saveTotalLimit: 2 }, 10e6), 'fits');
  assert.match(refusal({}, 9e6), /are free; free some space, or name an --output-dir on another disk$/);
  assert.match(refusal({ totalSteps: 1e9, saveSteps: 1 }, 1e9), /it fits with --save-total-limit \d+;/);
});

test('a folder that is not there yet has the disk of the one above it', () => {
  const free = freeDisk(join(tmpdir(), 'not', 'yet', 'there'));
  assert.ok(free === null || free > 0);
});
