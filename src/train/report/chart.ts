// Line charts over the steps of a run as inline SVG: no script, no image file, colours from the page's CSS. Charts do not
// know what a loss is. A value that is not finite leaves a gap in its line and is counted below the chart.
// Every chart also shows its numbers as a table, for readers who cannot see the drawing.

import { type Html, html } from '../../html/html.js';
import { dash, evenly, formatNumber } from './numbers.js';

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface Series {
  readonly name: string;
  /** One of the page's colours. */
  readonly colour: 'blue' | 'orange';
  /** Ordered by step. */
  readonly points: readonly Point[];
  /** `trend`: a smoothed line over the faint measured one. `marks`: a line with a circle at each point. */
  readonly look: 'line' | 'trend' | 'marks';
}

export interface Chart {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly series: readonly Series[];
  /** Whether the vertical axis starts at 0. */
  readonly fromZero: boolean;
  readonly wide?: boolean;
  /** The step at which each full epoch ended. */
  readonly epochEnds: readonly number[];
  /** The best point, if there is one. */
  readonly best?: Point | null;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Axes {
  readonly frame: Frame;
  readonly steps: Ticks;
  readonly values: Ticks;
  x(step: number): number;
  y(value: number): number;
}

interface Ticks {
  readonly from: number;
  readonly to: number;
  readonly at: readonly number[];
}

/** More columns than the chart has pixels only make the file larger. */
const columns = 500;
const rowsOfTable = 40;
const fewPoints = 30;

export function drawChart(chart: Chart): Html {
  const axes = axesOf(chart);
  if (axes === null)
    return html`<figure class="chart"><figcaption><h3>${chart.title}</h3></figcaption><p class="quiet">Nothing was measured.</p></figure>`;
  const { width, height } = axes.frame;
  const rows = rowsOf(chart);
  return html`<figure class="chart${chart.wide ? ' wide' : ''}">
<figcaption><h3>${chart.title}</h3>${legend(chart)}</figcaption>
<div class="scroll"><svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${chart.id}-title ${chart.id}-description">
<title id="${chart.id}-title">${chart.title}</title>
<desc id="${chart.id}-description">${description(chart)}</desc>
${grid(axes, chart)}
${chart.series.map((series) => drawSeries(series, axes))}
${chart.best ? drawBest(chart.best, axes) : null}
${hoverBands(rows, chart, axes)}
</svg></div>
${notFinite(chart)}${table(rows, chart)}
</figure>`;
}

/** Whether a value is finite and not so large that arithmetic with it overflows. */
function isDrawable(value: number): boolean {
  return Math.abs(value) < 1e100;
}

function drawablePoints(points: readonly Point[]): readonly Point[] {
  return points.filter(({ value }) => isDrawable(value));
}

function axesOf(chart: Chart): Axes | null {
  const points = chart.series.flatMap(({ points }) => drawablePoints(points));
  if (points.length === 0) return null;
  const frame = chart.wide
    ? { width: 1040, height: 330, left: 52, right: 18, top: 24, bottom: 34 }
    : { width: 330, height: 210, left: 46, right: 14, top: 10, bottom: 34 };
  const lastStep = points.reduce((last, { step }) => Math.max(last, step), 1);
  const lowest = points.reduce(
    (least, { value }) => Math.min(least, value),
    chart.fromZero ? 0 : Number.POSITIVE_INFINITY,
  );
  const highest = points.reduce((most, { value }) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const steps = { ...ticksOf(0, lastStep, chart.wide ? 10 : 4), from: 0, to: lastStep };
  const values = ticksOf(lowest, highest, chart.wide ? 6 : 4);
  const scale = (ticks: Ticks, start: number, end: number) => (at: number) =>
    start + ((at - ticks.from) / (ticks.to - ticks.from)) * (end - start);
  return {
    frame,
    steps,
    values,
    x: scale(steps, frame.left, frame.width - frame.right),
    y: scale(values, frame.height - frame.bottom, frame.top),
  };
}

/** About `count` round numbers, from at or below `lowest` to at or above `highest`. */
export function ticksOf(lowest: number, highest: number, count: number): Ticks {
  const magnitude = Math.max(Math.abs(lowest), Math.abs(highest));
  const span = highest - lowest > 1e-9 * magnitude ? highest - lowest : magnitude;
  const rough = (span > 1e-100 ? span : 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const stride = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999) ?? 10);
  const first = Math.floor(lowest / stride + 1e-9);
  const last = Math.max(first + 1, Math.ceil(highest / stride - 1e-9));
  const at = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * stride);
  return { from: first * stride, to: last * stride, at };
}

function legend({ series }: Chart): Html | null {
  if (series.length < 2) return null;
  const keys = series.map(
    ({ name, colour, look }) =>
      html`<li><svg viewBox="0 0 26 10" aria-hidden="true"><path class="line ${colour}" d="M1 5H25"/>${
        look === 'marks' ? html`<circle class="mark ${colour}" cx="13" cy="5" r="3.2"/>` : null
      }</svg>${name}</li>`,
  );
  return html`<ul class="legend">${keys}</ul>`;
}

function description({ series, best }: Chart): string {
  const sentences = series.flatMap(({ name, points }) => {
    const finite = drawablePoints(points);
    const [first, last] = [finite.at(0), finite.at(-1)];
    return first && last
      ? [
          `${name}: from ${formatNumber(first.value)} at step ${first.step} to ${formatNumber(last.value)} at step ${last.step}.`,
        ]
      : [];
  });
  return [...sentences, ...(best ? [`Best: ${formatNumber(best.value)} at step ${best.step}.`] : [])].join(
    ' ',
  );
}

function grid(axes: Axes, { epochEnds, wide }: Chart): Html {
  const { frame, x, y } = axes;
  const end = frame.width - frame.right;
  const floor = frame.height - frame.bottom;
  const horizontal = axes.values.at.map(
    (value) =>
      html`<path class="rule" d="M${frame.left} ${px(y(value))}H${end}"/><text class="tick" x="${frame.left - 8}" y="${px(y(value) + 4)}" text-anchor="end">${formatNumber(value)}</text>`,
  );
  const vertical = axes.steps.at
    .filter((step) => step <= axes.steps.to && Number.isInteger(step))
    .map(
      (step) =>
        html`<path class="axis" d="M${px(x(step))} ${floor}v5"/><text class="tick" x="${px(x(step))}" y="${floor + 18}" text-anchor="${x(step) > end - 12 ? 'end' : 'middle'}">${formatNumber(step)}</text>`,
    );
  const epochs = epochEnds
    .filter((step) => step <= axes.steps.to)
    .map(
      (step, i) =>
        html`<path class="epoch" d="M${px(x(step))} ${frame.top}V${floor}"/>${
          wide
            ? html`<text class="tick" x="${px(x(step) - 5)}" y="${frame.top - 8}" text-anchor="end">epoch ${i + 1}</text>`
            : null
        }`,
    );
  return html`${horizontal}${epochs}<path class="axis" d="M${frame.left} ${floor}H${end}"/>${vertical}<text class="tick" x="${end}" y="${frame.height - 3}" text-anchor="end">step</text>`;
}

function drawSeries({ points, colour, look }: Series, axes: Axes): Html {
  const trend = look === 'trend' && drawablePoints(points).length > fewPoints;
  const measured = path(points, axes);
  return html`<path class="line ${colour}${trend ? ' faint' : ''}" d="${measured}"/>${
    trend ? html`<path class="line ${colour}" d="${path(smoothed(points), axes)}"/>` : null
  }${
    look === 'marks' && points.length <= columns / 4
      ? drawablePoints(points).map(
          (point) =>
            html`<circle class="mark ${colour}" cx="${px(axes.x(point.step))}" cy="${px(axes.y(point.value))}" r="3.2"/>`,
        )
      : null
  }`;
}

function drawBest(best: Point, axes: Axes): Html {
  const [x, y] = [axes.x(best.step), axes.y(best.value)];
  const rightOfMiddle = x > axes.frame.width / 2;
  return html`<circle class="best" cx="${px(x)}" cy="${px(y)}" r="7"/><text class="best-label" x="${px(x + (rightOfMiddle ? -4 : 4))}" y="${px(y - 14)}" text-anchor="${rightOfMiddle ? 'end' : 'start'}">best ${formatNumber(best.value)}</text>`;
}

/** Rounded to tenths of a pixel. */
function px(position: number): string {
  return String(Math.round(position * 10) / 10);
}

/** Lines between finite neighbours. A point without a finite neighbour becomes a dot (a line of length 0). */
function path(points: readonly Point[], { x, y }: Axes): string {
  let drawing = '';
  let pen: 'up' | 'down' = 'up';
  const shown = thinned(points);
  for (const [i, { step, value }] of shown.entries()) {
    if (!isDrawable(value)) {
      pen = 'up';
      continue;
    }
    const alone = pen === 'up' && !isDrawable(shown[i + 1]?.value ?? Number.NaN);
    drawing += `${pen === 'up' ? 'M' : 'L'}${px(x(step))} ${px(y(value))}${alone ? 'h0' : ''}`;
    pen = 'down';
  }
  return drawing;
}

/** Groups the points by column of the chart. */
function inColumns(points: readonly Point[]): readonly (readonly Point[])[] {
  const perColumn = Math.ceil(points.length / columns);
  return Array.from({ length: Math.ceil(points.length / perColumn) }, (_, column) =>
    points.slice(column * perColumn, (column + 1) * perColumn),
  );
}

/** At most four points per column: the first, the lowest, the highest and the first that is not finite. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= 2 * columns) return points;
  return inColumns(points).flatMap((column) => {
    const finite = drawablePoints(column);
    const lowest = finite.reduce<Point | undefined>(
      (low, p) => (low && low.value <= p.value ? low : p),
      undefined,
    );
    const highest = finite.reduce<Point | undefined>(
      (top, p) => (top && top.value >= p.value ? top : p),
      undefined,
    );
    const kept = new Set([column[0], lowest, highest, column.find(({ value }) => !isDrawable(value))]);
    return column.filter((point) => kept.has(point));
  });
}

/**
 * At each point, the least-squares line through about a twentieth of the run around it. Unlike a moving average, it does
 * not lag behind a falling curve and does not follow the last value at the end of the curve.
 */
function smoothed(points: readonly Point[]): readonly Point[] {
  const means = inColumns(points).map(meanOf);
  const reach = Math.max(2, Math.ceil(means.length / 40));
  return means.map(({ step, value }, i) => {
    if (Number.isNaN(value)) return { step, value };
    return { step, value: fitAt(step, drawablePoints(means.slice(Math.max(0, i - reach), i + reach + 1))) };
  });
}

/** NaN when none of the points is finite. */
function meanOf(points: readonly Point[]): Point {
  const finite = drawablePoints(points);
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  return { step: mean(points.map(({ step }) => step)), value: mean(finite.map(({ value }) => value)) };
}

/** Least squares, clamped to the range of the measured values. */
function fitAt(step: number, points: readonly Point[]): number {
  const middle = meanOf(points);
  let [covariance, variance] = [0, 0];
  for (const point of points) {
    covariance += (point.step - middle.step) * (point.value - middle.value);
    variance += (point.step - middle.step) ** 2;
  }
  const fit = middle.value + (variance === 0 ? 0 : (covariance / variance) * (step - middle.step));
  const values = points.map(({ value }) => value);
  return Math.min(Math.max(fit, Math.min(...values)), Math.max(...values));
}

/** One row of the table below the chart: a step, and the value of each series at it. */
interface Row {
  readonly step: number;
  readonly values: readonly (number | undefined)[];
}

function rowsOf({ series }: Chart): readonly Row[] {
  const bySeries = series.map(({ points }) => new Map(points.map(({ step, value }) => [step, value])));
  const steps = new Set(bySeries.flatMap((values) => evenly([...values.keys()], rowsOfTable)));
  return [...steps]
    .sort((a, b) => a - b)
    .map((step) => ({ step, values: bySeries.map((values) => values.get(step)) }));
}

/** Invisible bands that show their numbers as a tooltip. */
function hoverBands(rows: readonly Row[], { series }: Chart, { x, frame }: Axes): readonly Html[] {
  const height = frame.height - frame.bottom - frame.top;
  return rows.map(({ step, values }, i) => {
    const from = (x(rows[i - 1]?.step ?? step) + x(step)) / 2;
    const to = (x(rows[i + 1]?.step ?? step) + x(step)) / 2;
    const lines = series.flatMap(({ name }, s) => {
      const value = values[s];
      return value === undefined ? [] : [`${name} ${formatNumber(value)}`];
    });
    return html`<g class="band"><rect x="${px(from)}" y="${frame.top}" width="${px(Math.max(2, to - from))}" height="${height}"/><path d="M${px(x(step))} ${frame.top}v${height}"/><title>${[`step ${formatNumber(step)}`, ...lines].join('\n')}</title></g>`;
  });
}

function notFinite({ series }: Chart): Html | null {
  const all = series.flatMap(({ points }) => points);
  const count = all.length - drawablePoints(all).length;
  return count === 0
    ? null
    : html`<p class="warning">${count} of ${all.length} values ${count === 1 ? 'is' : 'are'} not finite and cannot be shown.</p>`;
}

function table(rows: readonly Row[], { title, series }: Chart): Html {
  const total = new Set(series.flatMap(({ points }) => points.map(({ step }) => step))).size;
  const note = rows.length < total ? ` (${rows.length} of ${total} steps; metrics.jsonl has all)` : '';
  return html`<details><summary>Numbers</summary><table class="numbers">
<caption>${title}${note}</caption>
<thead><tr><th scope="col">Step</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ step, values }) =>
      html`<tr><th scope="row">${formatNumber(step)}</th>${values.map((value) => html`<td>${value === undefined ? '' : Number.isNaN(value) ? dash : formatNumber(value)}</td>`)}</tr>`,
  )}</tbody>
</table></details>`;
}
