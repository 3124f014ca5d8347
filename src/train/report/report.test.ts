import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { anyCharacter } from '../../../test/any-character.js';
import type { EvaluationEvent, StepEvent, TrainingSummary } from '../events.js';
import { type MetricEvent, MetricsFile } from '../metrics.js';
import { type ReportFacts, renderReport, writeReport } from './report.js';

fc.configureGlobal({ seed: 1 });

const scratch = mkdtempSync(join(tmpdir(), 'report-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const step = (number: number, loss: number): StepEvent => ({
  kind: 'step',
  step: number,
  epoch: number / 10,
  loss,
  learningRate: 5e-5,
  gradNorm: 1,
  tokensPerSecond: 1000,
  supervisedTokensPerSecond: 600,
});

const evaluation = (number: number, evalLoss: number, words = 'Hello.'): EvaluationEvent => ({
  kind: 'evaluation',
  step: number,
  epoch: number / 10,
  evalLoss,
  perplexity: Math.exp(evalLoss),
  seconds: 1,
  best: false,
  exactMatch: { trained: { exact: 2, of: 3 }, heldOut: { exact: 0, of: 4 } },
  samples: [{ prompt: `Hi. ${words}`, reply: words, reference: words }],
});

const summary: TrainingSummary = {
  steps: 30,
  epochs: 3,
  trainLoss: 2.5,
  startingEvalLoss: 4,
  evalLoss: 2.25,
  bestEvalLoss: 2,
  bestStep: 20,
  savedStep: 20,
  perplexity: 7.4,
  exactMatch: { trained: { exact: 2, of: 3 }, heldOut: { exact: 0, of: 4 } },
  tokensPerSecond: 1000,
  supervisedTokensPerSecond: 600,
  peakMemoryBytes: 2 ** 30,
  device: 'cpu',
  precision: 'fp32',
  outputDir: 'results/run',
  stoppedEarly: true,
  seconds: 61,
};

const facts: ReportFacts = {
  title: 'tiny on data/',
  date: '2025-01-31 12:00',
  summary,
  config: { model: 'tiny', data: ['a.json', 'b.json'], 'learning-rate': 5e-5, format: null, packing: true },
  environment: { node: 'v20.0.0', compiler: 'g++ 12' },
};

const metrics: readonly MetricEvent[] = [
  evaluation(0, 4),
  step(10, 3.5),
  evaluation(10, 3),
  step(20, 2.5),
  evaluation(20, 2),
  step(30, 2),
  evaluation(30, 2.25),
];

/** Every tag of a page, in order, without what stands in its attributes. */
function tagsOf(page: string): readonly string[] {
  return [...page.matchAll(/<(\/?[a-z!][a-z0-9]*)((?:\s+[a-zA-Z:-]+(?:="[^"]*")?)*)\s*(\/?)>/g)].map(
    ([, name = '', attributes = '', slash = '']) =>
      `${name} ${[...attributes.matchAll(/([a-zA-Z:-]+)(?:="[^"]*")?/g)].map(([, key]) => key).join(' ')}${slash}`,
  );
}

describe('renderReport', () => {
  it('closes every element that it opens', () => {
    const open: string[] = [];
    for (const tag of tagsOf(renderReport(metrics, facts))) {
      const [name = ''] = tag.split(' ');
      if (name.startsWith('/')) assert.equal(open.pop(), name.slice(1));
      else if (!tag.endsWith('/') && !['!doctype', 'meta'].includes(name)) open.push(name);
    }
    assert.deepEqual(open, []);
  });

  it('uses no id twice', () => {
    const ids = [...renderReport(metrics, facts).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    assert.ok(ids.length > 0);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('needs nothing but itself', () => {
    const page = renderReport(metrics, facts);
    assert.doesNotMatch(page, /<script|<link|<img|<iframe| src=| href=|url\(|@import|https?:/i);
    assert.match(page, /default-src 'none'; style-src 'unsafe-inline'/);
  });

  it('marks the evaluation with the lowest loss', () => {
    const page = renderReport(metrics, facts);
    assert.match(page, /class="best-label"[^>]*>best 2</);
    assert.match(page, /<tr class="is-best"><th scope="row" class="number">20</);
    assert.match(page, /went from 4 at step 0 to 2 at step 20, its lowest in 30 steps/);
  });

  it('shows the replies of every evaluation beside those of the corpus', () => {
    const page = renderReport(
      [evaluation(0, 4, 'First words.'), evaluation(10, 3, 'Second words.')].map((event) => ({
        ...event,
        samples: event.samples.map((sample) => ({ ...sample, prompt: 'Hi.', reference: 'Good day.' })),
      })),
      facts,
    );
    assert.match(page, /Hi\.[\s\S]*First words\.[\s\S]*Second words\.[\s\S]*In the corpus[\s\S]*Good day\./);
    assert.equal(page.split('class="sample"').length, 2);
  });

  it('shows all options and the environment', () => {
    const page = renderReport(metrics, facts);
    for (const [name, value] of [
      ['data', 'a.json, b.json'],
      ['learning-rate', '0.00005'],
      ['format', '–'],
      ['packing', 'true'],
      ['compiler', 'g++ 12'],
    ])
      assert.ok(page.includes(`<dt>${name}</dt><dd>${value}</dd>`), name);
  });

  it('has the same elements whatever words strangers put into it', () => {
    const hostile = fc.oneof(
      fc.string({ unit: anyCharacter, minLength: 1 }),
      fc.constantFrom(
        '</td><script>alert(1)</script>',
        '" onload="alert(1)',
        "' x='",
        '-->',
        ']]>',
        '&lt;b&gt;',
        '$&',
      ),
    );
    const rendered = (words: string): readonly string[] =>
      tagsOf(
        renderReport([evaluation(0, 3, words), step(10, 2), evaluation(10, 2, words)], {
          ...facts,
          title: words,
          date: words,
          summary: { ...summary, device: words },
          config: { [`a${words}`]: words, list: [words] },
          environment: { node: words },
        }),
      );
    const harmless = rendered('harmless');
    fc.assert(
      fc.property(hostile, (words) => assert.deepEqual(rendered(words), harmless)),
      { numRuns: 60 },
    );
  });

  it('can be made of a run that measured nothing, or nothing finite', () => {
    const nothing = renderReport([], { ...facts, summary: null, config: {}, environment: {} });
    assert.match(nothing, /not finished/);
    assert.match(nothing, /There were no evaluations/);
    const diverged = renderReport([step(1, Number.NaN), evaluation(1, Number.NaN)], facts);
    for (const page of [nothing, diverged]) {
      assert.match(page, /no evaluation with a finite loss/);
      assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
    }
  });

  it('stays small for a long run', () => {
    const long = Array.from({ length: 50_000 }, (_, i) => [
      step(i + 1, 1 + Math.cos(i)),
      evaluation(i + 1, 2),
    ]).flat();
    assert.ok(renderReport(long, facts).length < 400_000);
  });
});

describe('writeReport', () => {
  it('makes the same page again from the folder and facts that went through JSON', () => {
    const file = new MetricsFile(scratch, null);
    for (const event of metrics) file.write(event);
    file.close();
    const path = writeReport(scratch, facts);
    const first = readFileSync(path, 'utf8');
    writeReport(scratch, JSON.parse(JSON.stringify(facts)));
    assert.equal(readFileSync(path, 'utf8'), first);
    assert.equal(first, renderReport(metrics, facts));
    assert.deepEqual(readdirSync(scratch).sort(), ['metrics.jsonl', 'report.html']);
    // What people and the model said stands in both.
    if (process.platform === 'win32') return;
    for (const name of readdirSync(scratch)) assert.equal(statSync(join(scratch, name)).mode & 0o777, 0o600);
  });
});
