// Lets synchronous code consume an asynchronous iterator that runs in a worker thread. The readers of a corpus are
// generators, but Node decompresses and hyparquet decodes asynchronously. Each `next` blocks the thread until the worker
// answers; the worker prepares no more than one item ahead.

import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';

type Order = { readonly stream: number } & (
  | { readonly kind: 'open'; readonly request: unknown }
  | { readonly kind: 'next' | 'close' }
);
type Answer =
  | { readonly kind: 'item'; readonly item: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly message: string };

/** An error in the worker; its message comes from there. */
export class PullError extends Error {
  override readonly name = 'PullError';
}

/** A worker answers within milliseconds. It can only fail to answer if it was killed, for example for its memory. */
const longestWait = 300_000;

/** A worker that serves streams. It starts with the first stream and does not keep the process alive. */
export class Puller {
  private connection: { readonly port: MessagePort; readonly answers: Int32Array } | undefined;
  private streams = 0;

  /** @param script a module that calls `servePulls`. */
  constructor(private readonly script: URL) {}

  /** The items of the stream that the worker opens for `request`. @throws PullError if the stream fails. */
  *stream(request: unknown): Generator<unknown> {
    const stream = this.streams++;
    this.send({ stream, kind: 'open', request });
    let isOpen = true;
    try {
      for (;;) {
        const answer = this.ask({ stream, kind: 'next' });
        isOpen = answer.kind === 'item';
        if (answer.kind === 'error') throw new PullError(answer.message);
        if (answer.kind === 'end') return;
        yield answer.item;
      }
    } finally {
      if (isOpen) this.send({ stream, kind: 'close' });
    }
  }

  private send(order: Order): void {
    this.connected().port.postMessage(order);
  }

  private ask(order: Order): Answer {
    const { port, answers } = this.connected();
    const before = Atomics.load(answers, 0);
    port.postMessage(order);
    if (Atomics.wait(answers, 0, before, longestWait) === 'timed-out')
      throw new PullError('the worker thread does not answer');
    const received = receiveMessageOnPort(port);
    if (received === undefined) throw new PullError('the worker thread ended');
    return received.message as Answer;
  }

  private connected(): { readonly port: MessagePort; readonly answers: Int32Array } {
    if (this.connection) return this.connection;
    const { port1: port, port2 } = new MessageChannel();
    const answers = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(this.script);
    worker.postMessage({ port: port2, answers }, [port2]);
    worker.unref();
    port.unref();
    this.connection = { port, answers };
    return this.connection;
  }
}

/** Serves streams in a worker thread. @param open starts a stream. */
export function servePulls(open: (request: unknown) => AsyncIterator<unknown>): void {
  parentPort?.once('message', ({ port, answers }: { port: MessagePort; answers: Int32Array }) => {
    const streams = new Map<number, AsyncIterator<unknown>>();
    const answer = (message: Answer) => {
      port.postMessage(message);
      Atomics.add(answers, 0, 1);
      Atomics.notify(answers, 0);
    };
    port.on('message', async (order: Order) => {
      try {
        if (order.kind === 'open') streams.set(order.stream, open(order.request));
        const stream = streams.get(order.stream);
        if (order.kind === 'close') await stream?.return?.();
        if (order.kind !== 'next') return;
        const { done, value } = (await stream?.next()) ?? { done: true, value: undefined };
        answer(done === true ? { kind: 'end' } : { kind: 'item', item: value });
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        if (order.kind === 'next') answer({ kind: 'error', message });
      } finally {
        if (order.kind === 'close') streams.delete(order.stream);
      }
    });
  });
}
