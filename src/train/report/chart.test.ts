import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Chart, drawChart, type Series, ticksOf } from './chart.js';

fc.configureGlobal({ seed: 1 });

function chartOf(
  values: readonly number[],
  look: Series['look'] = 'line',
  change: Partial<Chart> = {},
): Chart {
  const points = values.map((value, i) => ({ step: i + 1, value }));
  return {
    id: 'loss',
    title: 'Loss',
    fromZero: false,
    epochEnds: [],
    series: [{ name: 'loss', colour: 'blue', look, points }],
    ...change,
  };
}

/** The drawing commands of the lines of the series. */
function linesOf(chart: Chart): readonly string[] {
  return [...drawChart(chart).text.matchAll(/<path class="line [^"]*" d="([^"]*)"/g)].map(([, d]) => d ?? '');
}

describe('drawChart', () => {
  it('draws a line through finite neighbours and leaves a gap for what is not finite', () => {
    const [line = ''] = linesOf(chartOf([1, 2, Number.NaN, 2, 1, Number.POSITIVE_INFINITY, 3]));
    assert.equal(line.replace(/[\d. ]+/g, ''), 'MLMLMh');
  });

  it('says how many values it cannot show', () => {
    assert.match(drawChart(chartOf([1, Number.NaN, 2])).text, /1 of 3 values is not finite/);
    assert.doesNotMatch(drawChart(chartOf([1, 2])).text, /not finite/);
  });

  it('says when there is nothing to show', () => {
    for (const values of [[], [Number.NaN]])
      assert.match(drawChart(chartOf(values)).text, /Nothing was measured/);
  });

  it('tells its content in words and as a table', () => {
    const { text } = drawChart(chartOf([2, 1.5], 'line', { best: { step: 2, value: 1.5 } }));
    assert.match(text, /role="img" aria-labelledby="loss-title loss-description"/);
    assert.match(text, />loss: from 2 at step 1 to 1.5 at step 2. Best: 1.5 at step 2.<\/desc>/);
    assert.match(text, /<th scope="row">2<\/th><td>1.5<\/td>/);
  });

  it('adds a trend to a long line, which follows a straight one exactly', () => {
    const straight = Array.from({ length: 1200 }, (_, i) => 3 - i / 1000);
    const [, trend = ''] = linesOf(chartOf(straight, 'trend'));
    const points = [...trend.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(
      ([, x, y]) => [Number(x), Number(y)] as const,
    );
    const [[x0, y0] = [0, 0], [x1, y1] = [0, 0]] = [points[0], points.at(-1)];
    assert.ok(points.length > 100 && points.length <= 500);
    for (const [x, y] of points) assert.ok(Math.abs(y - (y0 + ((y1 - y0) / (x1 - x0)) * (x - x0))) < 0.2);
  });

  it('leaves a gap in the trend as well', () => {
    const values = Array.from({ length: 90 }, (_, i) => (i > 40 && i < 50 ? Number.NaN : i));
    assert.equal(linesOf(chartOf(values, 'trend'))[1]?.split('M').length, 3);
  });

  it('keeps the extremes of a line that it thins', () => {
    const values = Array.from({ length: 20_000 }, (_, i) =>
      i === 12_345 ? 9 : i === 777 ? -9 : Math.sin(i),
    );
    const chart = chartOf(values);
    const [line = ''] = linesOf(chart);
    const heights = [...line.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    const ends = [...drawChart(chart).text.matchAll(/class="rule" d="M\d+ ([\d.]+)H/g)].map(([, y]) =>
      Number(y),
    );
    const [bottom = 0, top = 0] = [Math.max(...ends), Math.min(...ends)];
    const pixelsOfOne = (bottom - top) / 20;
    assert.ok(heights.length <= 2000);
    assert.ok(Math.abs(Math.min(...heights) - (top + pixelsOfOne)) < 0.1);
    assert.ok(Math.abs(Math.max(...heights) - (bottom - pixelsOfOne)) < 0.1);
  });

  it('never draws a number that is none, and stays within its frame', () => {
    const value = fc.oneof(
      fc.double({ min: -1e30, max: 1e30 }),
      fc.constantFrom(0, 1, 1e308, -1e308, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    );
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 60 }),
        fc.constantFrom<Series['look']>('line', 'trend', 'marks'),
        fc.boolean(),
        (values, look, wide) => {
          const chart = chartOf(values, look, { wide });
          for (const [, geometry] of drawChart(chart).text.matchAll(
            / (?:d|x|y|cx|cy|width|height)="([^"]*)"/g,
          ))
            assert.doesNotMatch(geometry ?? '', /NaN|Infinity|undefined|-\d|e/);
        },
      ),
    );
  });
});

describe('ticksOf', () => {
  it('takes round numbers around the values', () => {
    assert.deepEqual(ticksOf(1.7, 6.2, 6), { from: 1, to: 7, at: [1, 2, 3, 4, 5, 6, 7] });
    assert.deepEqual(ticksOf(0, 600, 4), { from: 0, to: 600, at: [0, 200, 400, 600] });
  });

  it('encloses any values in a few ticks', () => {
    const value = fc.double({ min: -1e30, max: 1e30, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.integer({ min: 2, max: 10 }), (a, b, count) => {
        const [lowest, highest] = [Math.min(a, b), Math.max(a, b)];
        const { from, to, at } = ticksOf(lowest, highest, count);
        const slack = 1e-6 * (to - from);
        assert.ok(from <= lowest + slack && to >= highest - slack && to > from);
        assert.ok(at.length >= 2 && at.length <= count + 3);
      }),
    );
  });
});
