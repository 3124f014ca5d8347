import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dayOf, monthOf } from './calendars.js';

const written = (year: number, month: number, day: number) => {
  const time = dayOf(year, month, day);
  return Number.isNaN(time) ? null : new Date(time).toISOString().slice(0, 10);
};

describe('a date', () => {
  it('is read in the calendar that its year belongs to', () => {
    for (const [year, month, day, wanted] of [
      [2024, 2, 29, '2024-02-29'],
      [24, 2, 29, '2024-02-29'],
      [2567, 2, 29, '2024-02-29'],
      // The Persian new year.
      [1399, 1, 1, '2020-03-20'],
      [1400, 1, 1, '2021-03-21'],
      [1404, 1, 1, '2025-03-21'],
      [1408, 12, 30, '2030-03-20'],
      [1403, 7, 1, '2024-09-22'],
      // The Islamic new year.
      [1444, 1, 1, '2022-07-30'],
      [1445, 1, 1, '2023-07-19'],
    ] as const)
      assert.equal(written(year, month, day), wanted);
  });

  it('is none if its calendar has no such day', () => {
    for (const [year, month, day] of [
      [2023, 2, 29],
      [2566, 2, 29],
      [1404, 12, 30],
      [1403, 7, 31],
      [1445, 1, 31],
      [2024, 13, 1],
      [1403, 0, 1],
      [1999, 1, 1],
    ] as const)
      assert.equal(written(year, month, day), null);
  });

  it('never goes back from one day to the next', () => {
    for (const year of [1403, 1404, 1445, 1446, 2024, 2567]) {
      let before = Number.NEGATIVE_INFINITY;
      for (let month = 1; month <= 12; month++)
        for (let day = 1; day <= 29; day++) {
          const time = dayOf(year, month, day);
          assert.ok(time > before, `${year}/${month}/${day}`);
          before = time;
        }
    }
  });
});

it('knows the names of months with their accents, dots and cases', () => {
  for (const [name, month] of [
    ['Jänner', 1],
    ['févr.', 2],
    ['MÄRZ', 3],
    ['авг.', 8],
    ['май', 5],
    ['Aralık', 12],
    ['Tuesday', undefined],
  ] as const)
    assert.equal(monthOf(name), month, name);
});
