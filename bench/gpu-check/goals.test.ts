import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findings } from './goals.js';
import type { Outcome } from './step.js';

function measured(series: string, result: unknown, status: Outcome['status'] = 'passed'): Outcome {
  return {
    name: series,
    part: 'bench',
    series,
    status,
    startedAt: '',
    seconds: 1,
    command: '',
    exitCode: 0,
    result,
    words: '',
  };
}

const found = (outcomes: readonly Outcome[], words: RegExp) => {
  const [finding] = findings(outcomes).filter(({ what }) => words.test(what));
  assert.ok(finding);
  return finding;
};

describe('findings from measurements', () => {
  test('without measurements, every finding is missing and none is met', () => {
    const all = findings([]);
    assert.ok(all.length > 10);
    assert.ok(all.every(({ met }) => met === null));
  });

  test("the share of the card's peak is the step's operations per second over those of the matrix products", () => {
    const step = { tokensPerSecond: 100_000, flopsPerToken: 2.5e9, precision: 'bf16' };
    const outcomes = [measured('train medium', step), measured('gemm bf16', { flops: 5e14 })];
    const { ours, peer, reached, met } = found(outcomes, /^medium.*GEMM peak/);
    assert.deepEqual(
      { ours, peer, reached, met },
      { ours: '250.0', peer: '500.0', reached: '0.50', met: false },
    );
    const faster = [measured('train medium', { ...step, tokensPerSecond: 128_000 }), ...outcomes.slice(1)];
    assert.equal(found(faster, /^medium.*GEMM peak/).met, true);
  });

  test('a small model and decoding have goals of their own', () => {
    const step = { tokensPerSecond: 110_000, flopsPerToken: 2.5e9, precision: 'bf16' };
    const outcomes = [measured('train small', step), measured('gemm bf16', { flops: 5e14 })];
    assert.equal(found(outcomes, /^small.*GEMM peak/).met, true);
    const decoding = (tokensPerSecond: number) =>
      found([measured('decode', { tokensPerSecond })], /^decoding/).met;
    assert.deepEqual([decoding(2299), decoding(2300)], [false, true]);
  });

  test('steps are not compared with the peak of another precision', () => {
    const step = { tokensPerSecond: 100_000, flopsPerToken: 2.5e9, precision: 'fp16' };
    assert.equal(
      found([measured('train medium', step), measured('gemm bf16', { flops: 5e14 })], /^medium.*GEMM peak/)
        .met,
      null,
    );
  });

  test('a peer is compared by the median of the rounds that passed', () => {
    const speed = (tokensPerSecond: number) => ({ tokensPerSecond, flopsPerToken: 1, precision: 'bf16' });
    const outcomes = [
      ...[260, 260, 10].map((rate) => measured('train small', speed(rate))),
      ...[200, 200].map((rate) => measured('trainer small', { tokensPerSecond: rate })),
      measured('trainer small', { tokensPerSecond: 9000 }, 'failed'),
    ];
    const { reached, met } = found(outcomes, /^small.*Trainer/);
    assert.deepEqual({ reached, met }, { reached: '1.30', met: true });
  });

  test('memory must fit, and match the plan', () => {
    const outcomes = [measured('memory', { takenBytes: 10.5e9, plannedBytes: 10e9 })];
    assert.equal(found(outcomes, /8 x 512: GB used/).met, true);
    assert.equal(found(outcomes, /8 x 512: relative difference/).met, false);
  });
});
