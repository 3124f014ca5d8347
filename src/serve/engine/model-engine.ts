// The engine that a service talks to: it starts the thread of a model, passes jobs to it and gives each caller what its job
// becomes. All waiting and computing is elsewhere, so this thread stays free for requests.

import { Worker } from 'node:worker_threads';
import type { WeightPrecision } from '../../device/device.js';
import { messageOf, UserError } from '../../errors.js';
import { type NamedModel, openNamed } from '../../generate/named-model.js';
import { refuseUnfinishedRun } from '../../train/unfinished-run.js';
import { Admission } from './admission.js';
import { now } from './clock.js';
import type { Engine, EngineLoad, EngineModel, EngineState, Generated, Job, Piece } from './engine.js';
import type { Ended, JobOrder, Opening, Order, Report, Turn, Work } from './messages.js';
import { Refusal } from './refusal.js';

export interface ModelEngineOptions {
  /** `auto`, `cpu`, `cuda`, `cuda:N`, `tfjs` or `tfjs:BACKEND`. */
  readonly device: string;
  readonly precision: WeightPrecision | 'auto';
  /** Null: the device's own default. */
  readonly threads: number | null;
  /** How many replies grow at once. Null: what suits the device and its memory. */
  readonly slots: number | null;
  /** The most jobs that wait for a slot. */
  readonly maxQueue: number;
  /** Milliseconds until a job that waits is refused. */
  readonly queueTimeout: number;
  /** Milliseconds until a reply is cut. */
  readonly requestTimeout: number;
  /** Receives sentences for people. */
  onNote(text: string): void;
  /** Called after each pass of the model: how many replies got a token, and how many prompt tokens were read. */
  onPass?(written: number, read: number): void;
}

export const defaultEngineOptions = {
  ...{ device: 'auto', precision: 'auto', threads: null, slots: null },
  ...{ maxQueue: 256, queueTimeout: 10_000, requestTimeout: 60_000 },
} as const satisfies Partial<ModelEngineOptions>;

/** A job that has not ended. */
interface Pending {
  readonly promptTokens: number;
  readonly show: (piece: Piece) => void;
  readonly resolve: (result: Generated) => void;
  readonly reject: (thrown: Error) => void;
  readonly submitted: number;
  started: number | null;
  firstToken: number | null;
  cached: number;
  tokens: number;
  text: string;
}

/** How long the thread may take to end by itself, in milliseconds. */
const patience = 10_000;

export class ModelEngine implements Engine {
  private readonly admission: Admission;
  private readonly pending = new Map<number, Pending>();
  private readonly loaded: Promise<EngineModel>;
  private model: EngineModel | null = null;
  private worker: Worker | null = null;
  private current: EngineState = { kind: 'loading', progress: 'looking for the model' };
  private isStopping = false;
  private slots = 0;
  private lastPass: number | null = null;
  private nextId = 0;
  private whenIdle: () => void = () => {};
  private whenClosed: () => void = () => {};

  /**
   * Starts to load the model; `state` and `ready` say how that goes.
   * @param label a folder or a hub id, as for `openNamed`.
   * @param thread the program of the thread; another one in tests.
   */
  constructor(
    readonly label: string,
    private readonly options: ModelEngineOptions,
    private readonly thread: URL = new URL('./worker.js', import.meta.url),
  ) {
    this.admission = new Admission(options.maxQueue);
    this.loaded = this.open();
    // Whoever wants to know asks `ready`.
    this.loaded.catch(() => {});
  }

  get state(): EngineState {
    return this.current;
  }

  get load(): EngineLoad {
    const { admission, slots, lastPass } = this;
    return { waiting: admission.waiting, running: admission.running, slots, lastPass };
  }

  ready(): Promise<EngineModel> {
    return this.loaded;
  }

  generate(job: Job, show: (piece: Piece) => void, signal: AbortSignal): Promise<Generated> {
    const { settings, candidate = 0, logLikelihoods } = job;
    const work = { kind: 'generate', settings, candidate, logLikelihoods } as const;
    return this.submit(job.prompt, job.prompt.length, job.fairness, work, show, signal);
  }

  async score(
    prompt: readonly number[],
    continuation: readonly number[],
    fairness: string,
    signal: AbortSignal,
  ): Promise<number> {
    const read = [...prompt, ...continuation.slice(0, -1)];
    const work = { kind: 'score', continuation } as const;
    const { logLikelihoods, finishReason } = await this.submit(
      ...([read, prompt.length, fairness, work, () => {}, signal] as const),
    );
    signal.throwIfAborted();
    if (finishReason === 'interrupted') throw this.refusal();
    if (finishReason === 'length') throw this.tooLate();
    return logLikelihoods.reduce((sum, value) => sum + value, 0) / continuation.length;
  }

  async drain(milliseconds: number): Promise<void> {
    this.isStopping = true;
    if (this.pending.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.whenIdle = resolve;
    });
    const timers = [
      setTimeout(() => this.cancelAll(), milliseconds),
      setTimeout(() => this.whenIdle(), milliseconds + patience),
    ];
    await idle;
    for (const timer of timers) clearTimeout(timer);
  }

  async close(): Promise<void> {
    this.isStopping = true;
    const { worker } = this;
    if (worker && this.current.kind !== 'failed' && this.current.kind !== 'stopped') {
      const closed = new Promise<void>((resolve) => {
        this.whenClosed = resolve;
      });
      this.cancelAll();
      this.send({ kind: 'close' });
      const timer = setTimeout(this.whenClosed, patience);
      await closed;
      clearTimeout(timer);
    }
    this.end({ kind: 'stopped' });
    await worker?.terminate();
  }

  private async open(): Promise<EngineModel> {
    let named: NamedModel;
    try {
      refuseUnfinishedRun(this.label, 'serve');
      named = await openNamed(this.label, {
        onNote: (text) => this.options.onNote(text),
        onDownload: (file, done, total) => this.progress(downloading(file, done, total)),
      });
    } catch (thrown) {
      this.end({ kind: 'failed', why: messageOf(thrown) });
      throw thrown;
    }
    const ready = await this.start(named);
    const { config, tokenizer } = named;
    const { parameters, description } = ready;
    this.model = { config, tokenizer, parameters, description };
    // Whoever was told the state before could not have used it.
    if (this.current.kind === 'loading') this.current = { kind: 'ready' };
    return this.model;
  }

  /** @throws UserError when the thread cannot open the model. */
  private start({ folder }: NamedModel): Promise<Extract<Report, { kind: 'ready' }>> {
    if (this.isStopping) throw this.refusal();
    this.progress('loading the model');
    const { device, precision, threads, slots } = this.options;
    const opening: Opening = { folder, label: this.label, device, precision, threads, slots };
    const worker = new Worker(this.thread, { workerData: opening });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      const fail = (why: string, thrown: Error) => {
        this.end({ kind: 'failed', why });
        reject(thrown);
      };
      worker.on('message', (report: Report) => {
        if (report.kind === 'ready') {
          this.slots = report.slots;
          resolve(report);
        } else if (report.kind === 'failed') fail(report.sentence, errorOf(report));
        else this.take(report);
      });
      const died = (why: string) =>
        fail(why, new UserError('model-failed', `${this.label} cannot be used: ${why}`));
      worker.on('error', (thrown) => died(`its thread failed (${messageOf(thrown)})`));
      worker.on('exit', () => died('its thread ended'));
    });
  }

  private take(report: Exclude<Report, { kind: 'ready' | 'failed' }>): void {
    switch (report.kind) {
      case 'note':
        this.options.onNote(report.text);
        return;
      case 'turn':
        this.lastPass = Date.now();
        this.settle(report.turn);
        this.options.onPass?.(report.turn.written, report.turn.read);
        return;
      case 'closed':
        this.whenClosed();
        return;
    }
  }

  private settle({ started, pieces, ended, expired, failed }: Turn): void {
    const at = now();
    for (const { id, cached } of started) {
      const job = this.pending.get(id);
      if (!job) continue;
      job.started = at;
      job.cached = cached;
      this.admission.start();
    }
    for (const { id, text, tokens } of pieces) {
      const job = this.pending.get(id);
      if (!job) continue;
      job.firstToken ??= at;
      job.text += text;
      job.tokens += tokens;
      job.show({ text, tokens });
    }
    for (const one of ended) this.taken(one.id)?.((job) => job.resolve(generated(job, one, at)));
    for (const id of expired) this.taken(id)?.((job) => job.reject(this.tooLate()));
    for (const { id, code, sentence } of failed)
      this.taken(id)?.((job) => job.reject(new UserError(code, sentence)));
    if (this.pending.size === 0) this.whenIdle();
  }

  /** Takes a job out of the books. */
  private taken(id: number): ((settle: (job: Pending) => void) => void) | undefined {
    const job = this.pending.get(id);
    if (!job) return undefined;
    this.pending.delete(id);
    this.admission.leave(job.started === null ? null : now() - job.started);
    return (settle) => settle(job);
  }

  private async submit(
    prompt: readonly number[],
    wantedFrom: number,
    fairness: string,
    work: Work,
    show: (piece: Piece) => void,
    signal: AbortSignal,
  ): Promise<Generated> {
    if (this.current.kind !== 'ready' || this.model === null || this.isStopping) throw this.refusal();
    checkTokens(prompt, work, this.model);
    if (signal.aborted) return stoppedBefore(wantedFrom);
    const submitted = now();
    this.admission.enter(this.slots);
    const { queueTimeout, requestTimeout } = this.options;
    const [dueAt, endsAt] = [submitted + queueTimeout, submitted + requestTimeout];
    const id = this.nextId++;
    const order: JobOrder = { id, prompt, scoredFrom: wantedFrom - 1, fairness, dueAt, endsAt, work };
    const cancel = () => this.send({ kind: 'cancel', id });
    try {
      return await new Promise<Generated>((resolve, reject) => {
        this.pending.set(id, {
          ...{ promptTokens: wantedFrom, show, resolve, reject, submitted },
          ...{ started: null, firstToken: null, cached: 0, tokens: 0, text: '' },
        });
        this.send({ kind: 'job', job: order });
        signal.addEventListener('abort', cancel, { once: true });
      });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  private send(order: Order): void {
    this.worker?.postMessage(order);
  }

  private cancelAll(): void {
    for (const id of this.pending.keys()) this.send({ kind: 'cancel', id });
  }

  private progress(text: string): void {
    if (this.current.kind === 'loading') this.current = { kind: 'loading', progress: text };
  }

  /** The engine is no more: no job is left hanging. */
  private end(state: Extract<EngineState, { kind: 'failed' | 'stopped' }>): void {
    if (this.current.kind === 'failed' || this.current.kind === 'stopped') return;
    this.current = state;
    for (const id of [...this.pending.keys()]) this.taken(id)?.((job) => job.reject(this.refusal()));
    this.whenIdle();
    this.whenClosed();
  }

  private refusal(): Refusal {
    const { current, label } = this;
    if (current.kind === 'failed')
      return new Refusal('model-failed', `${label} does not answer: ${current.why}`, null);
    if (current.kind === 'stopped' || this.isStopping)
      return new Refusal('stopping', `${label} is being stopped and takes no new messages`, null);
    const progress = current.kind === 'loading' ? ` (${current.progress})` : '';
    return new Refusal('model-loading', `${label} is still being loaded${progress}; try again soon`, 5);
  }

  private tooLate(): Refusal {
    const seconds = this.admission.retryAfter(this.slots);
    return new Refusal(
      'queue-timeout',
      `no turn came within ${this.options.queueTimeout / 1000} seconds, because many messages are waiting; try again later`,
      seconds,
    );
  }
}

function generated(job: Pending, { finishReason, logLikelihoods }: Ended, at: number): Generated {
  const { text, tokens, promptTokens, cached, submitted, started, firstToken } = job;
  const since = (moment: number | null) => (moment ?? at) - submitted;
  return {
    ...{ text, tokens, promptTokens, cachedTokens: cached, finishReason, logLikelihoods },
    milliseconds: { queued: since(started), toFirstToken: since(firstToken), total: at - submitted },
  };
}

/** A mistake of the caller must not end the thread, and everybody's replies with it. */
function checkTokens(prompt: readonly number[], work: Work, { config }: EngineModel): void {
  const { nPositions, vocabSize } = config;
  const most = work.kind === 'generate' ? nPositions - 1 : nPositions;
  if (prompt.length === 0 || prompt.length > most)
    throw new RangeError(`a prompt of ${prompt.length} tokens, where 1 to ${most} fit`);
  const isToken = (token: number) => Number.isInteger(token) && token >= 0 && token < vocabSize;
  const all = work.kind === 'generate' ? prompt : [...prompt, ...work.continuation];
  if (!all.every(isToken)) throw new RangeError(`a token is not one of the ${vocabSize} of the vocabulary`);
  if (work.kind === 'score' && work.continuation.length === 0)
    throw new RangeError('nothing is to be scored');
  if (work.kind === 'generate' && work.settings.numBeams !== 1)
    throw new RangeError('the engine does no beam search');
}

/** The result of a job whose signal has aborted already. */
function stoppedBefore(promptTokens: number): Generated {
  return {
    ...{
      text: '',
      tokens: 0,
      promptTokens,
      cachedTokens: 0,
      finishReason: 'interrupted',
      logLikelihoods: [],
    },
    milliseconds: { queued: 0, toFirstToken: 0, total: 0 },
  };
}

function downloading(file: string, done: number, total: number): string {
  return total > 0 ? `downloading ${file}, ${Math.floor((100 * done) / total)} %` : `downloading ${file}`;
}

function errorOf({ code, sentence }: Extract<Report, { kind: 'failed' }>): Error {
  return new UserError(code ?? 'model-failed', sentence);
}
