import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { scratchFolder } from '../../test/tiny-run.js';
import { earlierOutcomes, merged, type Report, reportOf, toMarkdown } from './report.js';
import type { Outcome } from './step.js';

const folder = scratchFolder('merged');

function outcome(about: Partial<Outcome>): Outcome {
  return {
    ...{ name: 'a step', part: 'bench', status: 'passed', startedAt: '', seconds: 1 },
    ...{ command: '', exitCode: 0, result: null, words: '' },
    ...about,
  };
}

function written(name: string, about: Partial<Report>): string {
  const path = join(folder, name);
  const report = reportOf({
    ...{ finishedAt: '2026-12-01', arguments: [], smoke: false, card: 'H200', outcomes: [] },
    ...about,
  });
  writeFileSync(path, JSON.stringify(report));
  return path;
}

const peak = outcome({
  name: 'peak',
  series: 'gemm bf16',
  result: { precision: 'bf16', flops: 5e14, sizes: [] },
});
const step = outcome({
  name: 'training',
  series: 'train medium',
  result: { tokensPerSecond: 150_000, flopsPerToken: 2.5e9, precision: 'bf16' },
});

describe('merging reports', () => {
  test('compares what one measured with what another did, and sorts by part', () => {
    const one = written('one.json', { outcomes: [peak], finishedAt: '2026-12-02' });
    const other = written('other.json', { outcomes: [step, outcome({ name: 'goldens', part: 'goldens' })] });
    const report = merged([one, other], ['--merge']);
    assert.deepEqual(
      report.outcomes.map(({ name }) => name),
      ['goldens', 'peak', 'training'],
    );
    assert.equal(report.finishedAt, '2026-12-02');
    const finding = report.findings.find(({ what }) => /^medium.*GEMM peak/.test(what));
    assert.deepEqual([finding?.reached, finding?.met], ['0.75', true]);
  });

  test('counts the same outcome once', () => {
    const one = written('one.json', { outcomes: [peak, step] });
    const both = written('both.json', { outcomes: [peak, { ...step, startedAt: 'later' }] });
    assert.equal(merged([one, both], []).outcomes.length, 3);
  });

  test('is unfinished if one of them is', () => {
    const paths = [written('one.json', {}), written('cut.json', { finishedAt: null })];
    assert.equal(merged(paths, []).finishedAt, null);
  });

  test('refuses reports of different cards, and other files', () => {
    const one = written('one.json', {});
    const refusals: readonly (readonly [string, RegExp])[] = [
      [written('l4.json', { card: 'L4' }), /"[^"]+" is of L4, and "[^"]+" is of H200/],
      [written('smoke.json', { smoke: true }), /is of H200 with --smoke/],
      [join(folder, 'absent.json'), /" is not a report of gpu-check: ENOENT.*absent\.json/],
    ];
    for (const [path, message] of refusals)
      assert.throws(
        () => merged([one, path], []),
        (thrown) => thrown instanceof UserError && message.test(thrown.message),
        path,
      );
  });
});

test('a later check keeps what it does not replace', () => {
  const outcomes = [peak, step, outcome({ name: 'card', part: 'environment' })];
  const path = written('earlier.json', { outcomes });
  const kept = (card: string) =>
    earlierOutcomes(path, card, ({ name }) => name === 'peak').map(({ name }) => name);
  assert.deepEqual([kept('H200'), kept('L4')], [['training'], []]);
});

describe('the report as Markdown', () => {
  const operations = outcome({
    series: 'operations',
    status: 'timed out',
    result: {
      precision: 'bf16',
      times: [
        {
          ...{ operation: 'attention', variant: 'with dropout', shape: '[16384,3072]' },
          ...{ microseconds: 812.34, gigabytesPerSecond: 165.2, teraflops: 42.4 },
        },
      ],
    },
  });
  const products = outcome({
    series: 'products',
    result: {
      products: [
        {
          ...{ name: 'qkv', product: 'bf16[16384,3072] over 1024', chosen: 'fused 66.1' },
          measured: [
            { way: 'fused', algorithm: '66.1', milliseconds: 0.1504 },
            { way: 'separate', algorithm: '66.1', milliseconds: 0.171 },
            { way: 'separate', algorithm: '66.2', milliseconds: 0.18 },
          ],
        },
      ],
    },
  });
  const text = toMarkdown(
    reportOf({
      ...{ finishedAt: null, arguments: [], smoke: false, card: 'H200' },
      outcomes: [operations, products, outcome({ name: 'peers', status: 'no time left' })],
    }),
  );

  test('lists operations and the ways to compute products, even if a step was cut short', () => {
    assert.match(text, /^\| attention \| with dropout \| \[16384,3072\] \| 812\.3 \| 165 \| 42 \|$/m);
    assert.match(
      text,
      /^\| qkv \| bf16\[16384,3072\] over 1024 \| fused 66\.1 \| 150\.4 \| 171\.0 180\.0 \|$/m,
    );
  });

  test('says what had no time left', () => {
    assert.match(text, /^No time was left for: peers\.$/m);
  });

  test('leaves out what was not measured', () => {
    assert.doesNotMatch(text, /decoded token|Opening the card/);
  });
});
