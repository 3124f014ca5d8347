// Shares batches of dialogues among worker threads that clean them, and gives the results in the order of the batches, so that
// the corpus does not depend on the number of threads. The thread that reads is synchronous, so it waits for results without
// turning its event loop. Few batches are under way at a time, which bounds the memory.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { errorCodes, UserError } from '../errors.js';
import type { Cleaner, CleanerSettings } from './cleaner.js';

/** What a thread is asked to do. It answers batches only. */
export type Order =
  | { readonly kind: 'begin'; readonly speakers: readonly string[] }
  | { readonly kind: 'clean'; readonly lines: string };

export type Answer =
  | { readonly kind: 'part'; readonly part: Uint8Array }
  | { readonly kind: 'error'; readonly code: string | undefined; readonly message: string };

/** What a thread gets when it starts. */
export interface ThreadStart {
  readonly settings: CleanerSettings;
  readonly port: MessagePort;
  /** Counts the answers of all threads. */
  readonly answers: Int32Array;
}

/** Takes what became of a batch. */
export type Collect = (part: Uint8Array) => void;

/** Starting threads takes as long as cleaning this many batches. */
const batchesBeforeThreads = 4;
/** Of each thread: one that it works on, and one for when it is done. */
const mostWaiting = 2;
/** A batch takes milliseconds. A thread does not answer if it was killed, for example for its memory. */
const longestWait = 300_000;

export class CleanerThreads {
  private readonly ports: MessagePort[] = [];
  private readonly workers: Worker[] = [];
  private readonly answers = new Int32Array(new SharedArrayBuffer(4));
  private speakers: readonly string[] = [];
  /** Batches that were given, and those of them whose results were collected. The threads take turns. */
  private given = 0;
  private collected = 0;
  private cleanedHere = 0;

  /** @param cleaner for this thread. @param count of threads; with one, everything is done in this thread. */
  constructor(
    private readonly cleaner: Cleaner,
    private readonly settings: CleanerSettings,
    private readonly count: number,
  ) {}

  /** Whether the names of a source must be known before its first dialogue is cleaned. */
  get needsNames(): boolean {
    return this.cleaner.cleaning.redaction?.needsNames === true;
  }

  beginSource(speakers: readonly string[]): void {
    this.speakers = speakers;
    this.cleaner.beginSource(speakers);
    for (const port of this.ports) send(port, { kind: 'begin', speakers });
  }

  /** @param lines as for `Cleaner.clean`. @param collect is called for this batch and those before, in order. */
  clean(lines: string, collect: Collect): void {
    if (this.count === 1 || this.cleanedHere < batchesBeforeThreads) {
      this.cleanedHere++;
      collect(this.cleaner.clean(lines));
      return;
    }
    while (this.ports.length < this.count) this.start();
    if (this.given - this.collected >= mostWaiting * this.count) this.collectNext(collect);
    const port = this.ports[this.given++ % this.count];
    if (port) send(port, { kind: 'clean', lines });
  }

  /** Waits for everything that was given. */
  finish(collect: Collect): void {
    while (this.collected < this.given) this.collectNext(collect);
  }

  close(): void {
    for (const port of this.ports) port.close();
    for (const worker of this.workers) void worker.terminate();
  }

  private start(): void {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./cleaner-worker.js', import.meta.url));
    const start: ThreadStart = { settings: this.settings, port: port2, answers: this.answers };
    worker.postMessage(start, [port2]);
    worker.unref();
    port.unref();
    send(port, { kind: 'begin', speakers: this.speakers });
    this.ports.push(port);
    this.workers.push(worker);
  }

  private collectNext(collect: Collect): void {
    const answer = this.answerOf(this.ports[this.collected++ % this.count]);
    if (answer.kind === 'part') collect(answer.part);
    else throw errorOf(answer);
  }

  private answerOf(port: MessagePort | undefined): Answer {
    for (;;) {
      const before = Atomics.load(this.answers, 0);
      const received = port && receiveMessageOnPort(port);
      if (received) return received.message as Answer;
      if (Atomics.wait(this.answers, 0, before, longestWait) === 'timed-out')
        throw new Error('a thread that cleans conversations does not answer');
    }
  }
}

function send(port: MessagePort, order: Order): void {
  port.postMessage(order);
}

function errorOf({ code, message }: Answer & { kind: 'error' }): Error {
  const known = Object.keys(errorCodes).find((one) => one === code) as keyof typeof errorCodes | undefined;
  return known === undefined ? new Error(message) : new UserError(known, message);
}
