// report.html: a run's options, its progress and its sample replies on one self-contained page. It is made from
// metrics.jsonl and plain facts, so it can be made again at any time. Its text comes from corpora and models and is
// always escaped; the page's Content-Security-Policy forbids scripts and outside resources.

import { join } from 'node:path';
import { writeFileAtomic } from '../../files/atomic.js';
import { formatBytes } from '../../files/format-bytes.js';
import { type Html, html } from '../../html/html.js';
import { page } from '../../html/page.js';
import type { EvaluationEvent, ExactMatch, ExactMatches, StepEvent, TrainingSummary } from '../events.js';
import { type MetricEvent, metricsFileName, readMetrics } from '../metrics.js';
import { type Chart, drawChart, type Point } from './chart.js';
import { dash, evenly, formatDuration, formatNumber } from './numbers.js';
import { repliesByPrompt } from './samples.js';

/** The facts that the metrics do not contain. Plain data that JSON keeps unchanged. */
export interface ReportFacts {
  /** The headline: the model's name or the run's folder. */
  readonly title: string;
  /** When the run ended, as text for people. */
  readonly date: string;
  /** null when the run did not end normally. */
  readonly summary: TrainingSummary | null;
  /** Every option of the run with its value, in display order. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Node, device, compiler, processor, versions. */
  readonly environment: Readonly<Record<string, unknown>>;
}

export const reportFileName = 'report.html';

/**
 * Writes `<folder>/report.html` from `<folder>/metrics.jsonl` and the facts.
 * @returns the path of the report.
 * @throws UserError (device) when the folder cannot be written to.
 */
export function writeReport(folder: string, facts: ReportFacts): string {
  const path = join(folder, reportFileName);
  writeFileAtomic(path, renderReport(readMetrics(join(folder, metricsFileName)), facts), 0o600);
  return path;
}

/** The whole page. The same input gives the same text. */
export function renderReport(metrics: readonly MetricEvent[], facts: ReportFacts): string {
  const run: Run = {
    steps: metrics.filter((event) => event.kind === 'step'),
    evaluations: metrics.filter((event) => event.kind === 'evaluation'),
    best: bestOf(metrics),
    facts,
  };
  return page(
    `${facts.title} – training report`,
    html`${header(run)}
${tiles(run)}
<h2>Curves</h2>
<div class="charts">${chartsOf(run).map(drawChart)}</div>
<h2>Evaluations</h2>
${evaluationTable(run)}
<h2>Sample replies</h2>
${repliesByPrompt(run.evaluations, run.best)}
<h2>Options</h2>
${definitions(facts.config, 'options panel')}
<h2>Environment</h2>
${definitions(facts.environment, 'options panel one')}
<footer>All numbers: <code>metrics.jsonl</code>; for TensorBoard: <code>runs/</code>.</footer>`,
  );
}

interface Run {
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EvaluationEvent[];
  /** The evaluation with the lowest loss; the first one of equals. */
  readonly best: EvaluationEvent | null;
  readonly facts: ReportFacts;
}

function bestOf(metrics: readonly MetricEvent[]): EvaluationEvent | null {
  return metrics.reduce<EvaluationEvent | null>(
    (best, event) =>
      event.kind === 'evaluation' && event.evalLoss < (best?.evalLoss ?? Number.POSITIVE_INFINITY)
        ? event
        : best,
    null,
  );
}

function header({ steps, evaluations, best, facts }: Run): Html {
  const { summary } = facts;
  const ending = summary === null ? 'not finished' : summary.stoppedEarly ? 'stopped early' : 'finished';
  const device = summary === null ? [] : [summary.device, summary.precision];
  const first = evaluations[0];
  const lastStep = steps.at(-1)?.step ?? evaluations.at(-1)?.step ?? 0;
  const lead =
    first === undefined || best === null
      ? 'The run has no evaluation with a finite loss.'
      : first === best
        ? `The evaluation loss was lowest at the first evaluation, ${formatNumber(best.evalLoss)} at step ${best.step}.`
        : `The evaluation loss went from ${formatNumber(first.evalLoss)} at step ${first.step} to ${formatNumber(best.evalLoss)} at step ${best.step}, its lowest in ${formatNumber(lastStep)} steps.`;
  return html`<header>
<p class="kind">Training report</p>
<h1>${facts.title}</h1>
<p class="facts">${[...device, facts.date, ending].join(' · ')}</p>
<p class="lead">${lead}</p>
</header>`;
}

function tiles({ steps, best, facts }: Run): Html {
  const { summary } = facts;
  const lastStep = steps.at(-1);
  const trainLoss = summary?.trainLoss ?? lastStep?.loss ?? Number.NaN;
  const speed = summary ?? lastStep;
  const answered = summary?.exactMatch.trained ? summary.exactMatch : null;
  return html`<dl class="tiles">
${tile('Evaluation loss', formatNumber(best?.evalLoss ?? Number.NaN), best ? `best, at step ${formatNumber(best.step)}` : '', 'best')}
${tile('Perplexity', formatNumber(best?.perplexity ?? Number.NaN), 'at the same step')}
${answered && tile('Exact answers', percent(answered.trained), exactMatchNote(answered))}
${tile('Training loss', formatNumber(trainLoss), summary ? 'mean of the run' : 'last logged')}
${tile('Tokens per second', formatNumber(speed?.tokensPerSecond ?? Number.NaN), `${formatNumber(speed?.supervisedTokensPerSecond ?? Number.NaN)} supervised`)}
${summary && tile('Time', formatDuration(summary.seconds), `${formatNumber(summary.steps)} steps, ${formatNumber(summary.epochs)} epochs`)}
${summary && tile('Peak memory', formatBytes(summary.peakMemoryBytes), summary.device)}
</dl>`;
}

function percent(match: ExactMatch | null): string {
  return match === null ? dash : `${Math.floor((100 * match.exact) / match.of)}%`;
}

function exactMatchNote({ trained, heldOut }: ExactMatches): string {
  const questions = `of ${formatNumber(trained?.of ?? 0)} trained questions, word for word`;
  return heldOut === null
    ? questions
    : `${questions}; ${percent(heldOut)} of ${formatNumber(heldOut.of)} held-out ones`;
}

function tile(name: string, value: string, note: string, look = ''): Html {
  return html`<div class="${look}"><dt>${name}</dt><dd>${value}</dd><dd>${note}</dd></div>`;
}

function chartsOf({ steps, evaluations, best }: Run): readonly Chart[] {
  const epochEnds = epochEndsOf(steps.at(-1) ?? evaluations.at(-1));
  const line = (name: string, value: (event: StepEvent) => number, look: 'line' | 'trend' = 'line') => ({
    name,
    colour: 'blue' as const,
    look,
    points: steps.map((event): Point => ({ step: event.step, value: value(event) })),
  });
  return [
    {
      id: 'loss',
      title: 'Loss',
      wide: true,
      fromZero: false,
      epochEnds,
      best: best && { step: best.step, value: best.evalLoss },
      series: [
        line('training loss', (event) => event.loss, 'trend'),
        {
          name: 'evaluation loss',
          colour: 'orange',
          look: 'marks',
          points: evaluations.map(({ step, evalLoss }) => ({ step, value: evalLoss })),
        },
      ],
    },
    {
      id: 'learning-rate',
      title: 'Learning rate',
      fromZero: true,
      epochEnds,
      series: [line('learning rate', (event) => event.learningRate)],
    },
    {
      id: 'gradient-norm',
      title: 'Gradient norm, before clipping',
      fromZero: true,
      epochEnds,
      series: [line('gradient norm', (event) => event.gradNorm, 'trend')],
    },
    {
      id: 'throughput',
      title: 'Tokens/s',
      fromZero: true,
      epochEnds,
      series: [
        line('all', (event) => event.tokensPerSecond),
        { ...line('supervised', (event) => event.supervisedTokensPerSecond), colour: 'orange' },
      ],
    },
  ];
}

/** Epochs are equally long, so the last event shows where each one ended. None are drawn when they would crowd. */
function epochEndsOf(last: MetricEvent | undefined): readonly number[] {
  if (last === undefined || !(last.epoch >= 1 && last.epoch <= 12)) return [];
  return Array.from({ length: Math.floor(last.epoch + 1e-6) }, (_, i) => ((i + 1) * last.step) / last.epoch);
}

const evaluationRows = 40;

function evaluationTable({ evaluations, best }: Run): Html {
  if (evaluations.length === 0) return html`<p class="quiet">There were no evaluations.</p>`;
  const shown = evenly(evaluations, evaluationRows);
  const asked = evaluations.some(({ exactMatch }) => exactMatch.trained !== null);
  const caption =
    shown.length < evaluations.length
      ? html`<caption>${shown.length} of ${evaluations.length} evaluations; metrics.jsonl has all</caption>`
      : null;
  return html`<div class="panel"><table class="numbers">${caption}
<thead><tr><th scope="col">Step</th><th scope="col">Epoch</th><th scope="col">Loss</th><th scope="col">Perplexity</th>${asked ? html`<th scope="col">Exact answers</th><th scope="col">held out</th>` : null}<th scope="col">Time</th></tr></thead>
<tbody>${shown.map(
    (evaluation) =>
      html`<tr><th scope="row">${formatNumber(evaluation.step)}</th><td>${formatNumber(evaluation.epoch)}</td><td>${formatNumber(evaluation.evalLoss)}${evaluation === best ? html` <span class="badge">best</span>` : null}</td><td>${formatNumber(evaluation.perplexity)}</td>${asked ? html`<td>${percent(evaluation.exactMatch.trained)}</td><td>${percent(evaluation.exactMatch.heldOut)}</td>` : null}<td>${formatDuration(evaluation.seconds)}</td></tr>`,
  )}</tbody></table></div>`;
}

function definitions(entries: Readonly<Record<string, unknown>>, look: string): Html {
  return html`<dl class="${look}">${Object.entries(entries).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${wordsOf(value)}</dd></div>`,
  )}</dl>`;
}

function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return dash;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? dash : value.map(wordsOf).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
