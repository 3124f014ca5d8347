// What the service counts and measures, for Prometheus: vLLM's names and buckets after `chatbot_`. Labels are few and known
// beforehand: the model, the route, the status, where a reply comes from, a reason. Never a user, and never a text.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine, Generated, Job, Piece } from './engine/engine.js';

const firstToken = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40],
  ...[80, 160, 640, 2560],
];
const betweenTokens = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80],
];
const request = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30],
  ...[40, 50, 60, 120, 240, 480, 960, 1920, 7680],
];
const batch = [1, 2, 4, 8, 16, 32, 64, 128, 256];

interface Described {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly ('model' | 'route' | 'status' | 'source' | 'reason')[];
  readonly buckets?: readonly number[];
}

/** By their names, without the prefix. */
export const metricTable = {
  requests_total: { kind: 'counter', help: 'Answered requests.', labels: ['route', 'status'] },
  e2e_request_latency_seconds: {
    kind: 'histogram',
    help: 'From a request to the end of its answer.',
    labels: ['route'],
    buckets: request,
  },
  request_rejected_total: {
    kind: 'counter',
    help: 'Requests that came too often or could not be taken, by the code of the error.',
    labels: ['reason'],
  },
  client_disconnects_total: {
    kind: 'counter',
    help: 'Requests whose client had gone before the answer was complete.',
    labels: ['route'],
  },
  replies_total: {
    kind: 'counter',
    help: 'Replies, by what they come from.',
    labels: ['model', 'source'],
  },
  request_success_total: {
    kind: 'counter',
    help: 'Replies that a model has ended, by the reason of the end.',
    labels: ['model', 'reason'],
  },
  num_requests_running: { kind: 'gauge', help: 'Replies that grow now.', labels: ['model'] },
  num_requests_waiting: { kind: 'gauge', help: 'Messages that wait for the model.', labels: ['model'] },
  model_ready: { kind: 'gauge', help: '1: the model is loaded.', labels: ['model'] },
  prompt_tokens_total: { kind: 'counter', help: 'Tokens of prompts.', labels: ['model'] },
  prefix_cache_hits_total: {
    kind: 'counter',
    help: 'Tokens of prompts that were in the key-value cache.',
    labels: ['model'],
  },
  generation_tokens_total: { kind: 'counter', help: 'Tokens of replies.', labels: ['model'] },
  time_to_first_token_seconds: {
    kind: 'histogram',
    help: 'From a message to the first token of its reply.',
    labels: ['model'],
    buckets: firstToken,
  },
  inter_token_latency_seconds: {
    kind: 'histogram',
    help: 'Between two tokens of a reply.',
    labels: ['model'],
    buckets: betweenTokens,
  },
  request_queue_time_seconds: {
    kind: 'histogram',
    help: 'How long a message waited for the model.',
    labels: ['model'],
    buckets: request,
  },
  batch_size: {
    kind: 'histogram',
    help: 'Replies that got a token in one pass of the model.',
    labels: ['model'],
    buckets: batch,
  },
} as const satisfies Record<string, Described>;

export type MetricName = keyof typeof metricTable;
type Labels = Readonly<Record<string, string>>;

export class Metrics {
  private readonly registry = new Registry();
  private readonly all = new Map<MetricName, Counter | Gauge | Histogram>();
  private readonly engines = new Map<string, Engine>();

  constructor() {
    for (const [name, described] of Object.entries(metricTable) as [MetricName, Described][]) {
      const { kind, help, labels: labelNames, buckets = [] } = described;
      const settings = {
        name: `chatbot_${name}`,
        help,
        labelNames: [...labelNames],
        registers: [this.registry],
      };
      this.all.set(
        name,
        kind === 'counter'
          ? new Counter(settings)
          : kind === 'gauge'
            ? new Gauge(settings)
            : new Histogram({ ...settings, buckets: [...buckets] }),
      );
    }
  }

  /** Adds to a counter. */
  count(name: MetricName, labels: Labels, by = 1): void {
    const metric = this.all.get(name);
    if (metric instanceof Counter) metric.inc(labels, by);
  }

  /** Puts a number into a histogram. */
  observe(name: MetricName, labels: Labels, value: number): void {
    const metric = this.all.get(name);
    if (metric instanceof Histogram) metric.observe(labels, value);
  }

  /** @returns the engine, of which everything is measured from now on. */
  measured(model: string, engine: Engine): Engine {
    this.engines.set(model, engine);
    return new MeasuredEngine(model, engine, this);
  }

  /** In Prometheus's format, and its type. */
  async page(): Promise<{ readonly type: string; readonly text: string }> {
    for (const [model, { load, state }] of this.engines)
      for (const [name, value] of [
        ['num_requests_running', load.running],
        ['num_requests_waiting', load.waiting],
        ['model_ready', state.kind === 'ready' ? 1 : 0],
      ] as const) {
        const metric = this.all.get(name);
        if (metric instanceof Gauge) metric.set({ model }, value);
      }
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}

class MeasuredEngine implements Engine {
  constructor(
    private readonly model: string,
    private readonly engine: Engine,
    private readonly metrics: Metrics,
  ) {}

  get label() {
    return this.engine.label;
  }

  get state() {
    return this.engine.state;
  }

  get load() {
    return this.engine.load;
  }

  ready() {
    return this.engine.ready();
  }

  async generate(job: Job, show: (piece: Piece) => void, signal: AbortSignal): Promise<Generated> {
    const { metrics } = this;
    const labels = { model: this.model };
    let last: number | null = null;
    const made = await this.engine.generate(
      job,
      (piece) => {
        const now = performance.now();
        if (last !== null && piece.tokens > 0)
          metrics.observe('inter_token_latency_seconds', labels, (now - last) / 1000 / piece.tokens);
        last = now;
        show(piece);
      },
      signal,
    );
    this.ended(made);
    return made;
  }

  score(...[prompt, continuation, fairness, signal]: Parameters<Engine['score']>) {
    return this.engine.score(prompt, continuation, fairness, signal);
  }

  drain(milliseconds: number) {
    return this.engine.drain(milliseconds);
  }

  close() {
    return this.engine.close();
  }

  private ended({ promptTokens, cachedTokens, tokens, finishReason, milliseconds }: Generated): void {
    const { metrics } = this;
    const labels = { model: this.model };
    metrics.count('prompt_tokens_total', labels, promptTokens);
    metrics.count('prefix_cache_hits_total', labels, cachedTokens);
    metrics.count('generation_tokens_total', labels, tokens);
    metrics.count('request_success_total', { ...labels, reason: finishReason });
    metrics.observe('request_queue_time_seconds', labels, milliseconds.queued / 1000);
    if (tokens > 0) metrics.observe('time_to_first_token_seconds', labels, milliseconds.toFirstToken / 1000);
  }
}
