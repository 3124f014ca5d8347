import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Random } from '../../random.js';
import { Pauses, pauseOf, pauseWords } from './pauses.js';

const minute = 60_000;
const hour = 60 * minute;

function pausesOf(...milliseconds: number[]): Pauses {
  const pauses = new Pauses();
  for (const pause of milliseconds) pauses.add(pause);
  return pauses;
}

/** Pauses whose logarithms are spread evenly between the two. */
function hill(count: number, from: number, to: number): number[] {
  return Array.from({ length: count }, (_, index) => from * (to / from) ** (index / (count - 1)));
}

it('cuts in the valley between the pauses within dialogues and those between them', () => {
  const { milliseconds, reason } = pausesOf(
    ...hill(400, 5000, 10 * minute),
    ...hill(60, 5 * hour, 40 * hour),
  ).choose('auto');
  assert.equal(reason, 'valley');
  assert.ok(milliseconds > 15 * minute && milliseconds < 4 * hour, pauseWords(milliseconds));
});

it('finds the valley of a chat that is answered slowly', () => {
  const { milliseconds, reason } = pausesOf(
    ...hill(200, 10 * minute, hour),
    ...hill(80, 7 * hour, 30 * hour),
  ).choose('auto');
  assert.equal(reason, 'valley');
  assert.ok(milliseconds > hour && milliseconds < 7 * hour, pauseWords(milliseconds));
});

it('cuts at one hour when the pauses show no valley', () => {
  const even = hill(1000, 1000, 30 * 24 * hour);
  const falling = Array.from({ length: 500 }, (_, index) => 1000 * 1.01 ** index);
  for (const pauses of [[], hill(30, 5000, minute), even, falling, hill(300, 1000, 5 * minute)])
    assert.deepEqual(pausesOf(...pauses).choose('auto'), { milliseconds: hour, reason: 'unclear' });
});

it('never chooses less than 10 minutes or more than 8 hours', () => {
  const random = new Random(7);
  for (let round = 0; round < 50; round++) {
    const middle = minute * 2 ** random.below(13);
    const { milliseconds } = pausesOf(
      ...hill(100, middle / 50, middle / 2),
      ...hill(100, middle * 2, middle * 50),
    ).choose('auto');
    assert.ok(milliseconds >= 10 * minute && milliseconds <= 8 * hour, pauseWords(milliseconds));
  }
});

it('keeps the pause that a person asks for', () => {
  assert.deepEqual(pausesOf(...hill(400, 5000, minute)).choose(5), { milliseconds: 5, reason: 'given' });
});

it('reads and writes pauses with their unit', () => {
  assert.deepEqual(['auto', '45s', '30m', '1h', '2d'].map(pauseOf), [
    'auto',
    45_000,
    30 * minute,
    hour,
    48 * hour,
  ]);
  assert.deepEqual([45_000, 30 * minute, hour, 80 * minute, 49 * hour].map(pauseWords), [
    '45 s',
    '30 min',
    '1 h',
    '1 h 20 min',
    '2 d 1 h',
  ]);
  for (const wrong of ['', '0h', '1', 'h', '1.5h', '-1h', '1w', '123456s'])
    assert.throws(() => pauseOf(wrong), /sessionGap is .*, but must be auto, or a time such as 45s/);
});
