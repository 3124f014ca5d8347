// What the steps measured, as Markdown tables for reading. Goals are compared elsewhere (goals.ts).

import { markdownTable } from '../findings.js';
import type { DecodeTimesResult } from './decode-times.js';
import type { GemmPeakResult } from './gemm-peak.js';
import type { GradientsResult } from './gradients.js';
import type { GraphsResult, StepTimes } from './graphs.js';
import type { OpenedTwiceResult } from './opened-twice.js';
import type { OperationsResult } from './operations.js';
import type { NamedProduct, ProductsResult } from './products.js';
import type { Outcome } from './step.js';

type Rows = readonly (readonly string[])[];

/** A heading and a table for each kind of measurement, as far as it came. */
export function measurementTables(outcomes: readonly Outcome[]): string[] {
  const results = <Result>(series: string): Result[] =>
    outcomes
      .filter((outcome) => outcome.series?.startsWith(series) && outcome.result !== null)
      .map(({ result }) => result as Result);
  const section = (title: string, head: readonly string[], rows: Rows): string[] =>
    rows.length > 0 ? [`### ${title}`, markdownTable(head, rows)] : [];
  return [
    ...section(
      'Opening the card twice in one process, seconds',
      ['device', 'open', 'multiply'],
      results<OpenedTwiceResult>('opened twice').flatMap(openings),
    ),
    ...section(
      'Gradients of one micro-batch, the same twice',
      ['sha256', 'tensors', 'loss'],
      results<GradientsResult>('gradients').map(gradientRow),
    ),
    ...section(
      'A training step, ms',
      ['', 'by the clock', 'on the card', 'to queue it', 'nodes'],
      results<GraphsResult>('graphs').flatMap(graphRows),
    ),
    ...section(
      'A decoded token',
      ['', 'ms', 'tokens/s', 'weights read, GB/s', 'nodes'],
      results<DecodeTimesResult>('decode times').flatMap(decodeRows),
    ),
    ...section(
      'Matrix product peak, TFLOP/s',
      ['precision', 'best', 'by size'],
      results<GemmPeakResult>('gemm').map(peakRow),
    ),
    ...section(
      'Every operation',
      ['operation', '', 'shape', 'us', 'GB/s', 'TFLOP/s'],
      results<OperationsResult>('operations').flatMap(operationRows),
    ),
    ...section(
      'Every measured way to compute a matrix product, us',
      ['product', 'shape', 'chosen', 'fused', 'separate or plain'],
      results<ProductsResult>('products').flatMap(({ products }) => products.map(productRow)),
    ),
  ];
}

function openings({ openSeconds, multiplySeconds }: OpenedTwiceResult): string[][] {
  return openSeconds.map((open, index) => [
    index === 0 ? 'first' : 'second',
    open.toFixed(2),
    (multiplySeconds[index] ?? Number.NaN).toFixed(2),
  ]);
}

function gradientRow({ sha256, tensors, loss }: GradientsResult): string[] {
  return [sha256, String(tensors), loss.toFixed(4)];
}

function graphRows({ withGraphs, withoutGraphs, graphs }: GraphsResult): string[][] {
  const row = (what: string, times: StepTimes, nodes: string) => [
    what,
    ...[times.stepSeconds, times.cardSeconds, times.queueSeconds].map((time) => (1000 * time).toFixed(2)),
    nodes,
  ];
  const nodes = graphs.map(({ key, nodes }) => `${key}: ${nodes}`).join(', ');
  return [row('with graphs', withGraphs, nodes), row('without graphs', withoutGraphs, '')];
}

function decodeRows(result: DecodeTimesResult): string[][] {
  const { wallMilliseconds, cardMilliseconds, weightBytes, nodes, cached } = result;
  const row = (what: string, milliseconds: number, more: string) => [
    what,
    milliseconds.toFixed(3),
    (1000 / milliseconds).toFixed(0),
    (weightBytes / milliseconds / 1e6).toFixed(0),
    more,
  ];
  return [
    row(`by the clock, from a short cache to ${cached} tokens`, wallMilliseconds, ''),
    row(`on the card, with ${cached} tokens in the cache`, cardMilliseconds, String(nodes)),
  ];
}

function peakRow({ precision, flops, sizes }: GemmPeakResult): string[] {
  const bySize = sizes.map(({ m, flops: rate }) => `${m}: ${(rate / 1e12).toFixed(1)}`);
  return [precision, (flops / 1e12).toFixed(1), bySize.join(', ')];
}

function operationRows({ times }: OperationsResult): string[][] {
  return times.map(({ operation, variant, shape, microseconds, gigabytesPerSecond, teraflops }) => [
    ...[operation, variant, shape],
    microseconds.toFixed(1),
    gigabytesPerSecond.toFixed(0),
    teraflops === 0 ? '' : teraflops.toFixed(teraflops < 10 ? 2 : 0),
  ]);
}

/** The times of all candidates, the fastest first. */
function productRow({ name, product, chosen, measured }: NamedProduct): string[] {
  const times = (fused: boolean) =>
    measured
      .filter(({ way }) => way.startsWith('fused') === fused)
      .map(
        ({ way, milliseconds }) =>
          `${(1000 * milliseconds).toFixed(1)}${way === 'fused, sums apart' ? ' (sums apart)' : ''}`,
      )
      .join(' ');
  return [name, product, chosen, times(true), times(false)];
}
