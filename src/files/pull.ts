// Lets synchronous code consume an asynchronous iterator that runs in a worker thread. The readers of a corpus are
// generators, but Node decompresses and hyparquet decodes asynchronously. Each `next` blocks the thread until the worker
// answers. A worker that fails is given up together with its open streams, and the next stream starts a new one: an
// answer to an old question must never be taken for the answer to a new one.

import {
  MessageChannel,
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';

type Order = { readonly stream: number } & (
  | { readonly kind: 'open'; readonly request: unknown }
  | { readonly kind: 'next'; readonly question: number }
  | { readonly kind: 'close' }
);
type Result =
  | { readonly kind: 'item'; readonly item: unknown }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly message: string };
type Answer = Result & { readonly question: number };

/** What the worker gets. Nothing is sent through `life`. It closes when the worker ends, for whatever reason. */
interface WorkerEnd {
  readonly port: MessagePort;
  readonly life: MessagePort;
  /** The number of answers so far. */
  readonly answers: Int32Array;
}
interface Connection {
  readonly worker: Worker;
  readonly port: MessagePort;
  life: MessagePort;
  readonly answers: Int32Array;
  /** Why the worker was given up. */
  loss: string | undefined;
}

/** An error in a stream; its message comes from the worker. */
export class PullError extends Error {
  override readonly name = 'PullError';
}

/** The worker failed, not the stream. Nothing is known about what the stream reads. */
export class WorkerLostError extends Error {
  override readonly name = 'WorkerLostError';
}

/** Milliseconds. A worker answers within this time, unless it hangs. */
const longestWait = 300_000;
/** Milliseconds between two looks at whether a silent worker still runs. */
const lookAfter = 100;

/** A worker that serves streams. It starts with the first stream and does not keep the process alive. */
export class Puller {
  private connection: Connection | undefined;
  private streams = 0;
  private questions = 0;

  /** @param script a module that calls `servePulls`. */
  constructor(private readonly script: URL) {}

  /**
   * The items of the stream that the worker opens for `request`.
   * @throws PullError if the stream fails.
   * @throws WorkerLostError if the worker fails.
   */
  *stream(request: unknown): Generator<unknown> {
    const connection = this.connected();
    const stream = this.streams++;
    send(connection, { stream, kind: 'open', request });
    let isOpen = true;
    try {
      for (;;) {
        const answer = this.ask(connection, stream);
        isOpen = answer.kind === 'item';
        if (answer.kind === 'error') throw new PullError(answer.message);
        if (answer.kind === 'end') return;
        yield answer.item;
      }
    } finally {
      if (isOpen && connection.loss === undefined) send(connection, { stream, kind: 'close' });
    }
  }

  private ask(connection: Connection, stream: number): Result {
    if (connection.loss !== undefined) throw new WorkerLostError(connection.loss);
    const question = this.questions++;
    send(connection, { stream, kind: 'next', question });
    const answer = this.received(connection);
    if (answer.question !== question) throw this.lost(connection, 'the worker thread answered out of turn');
    return answer;
  }

  private received(connection: Connection): Answer {
    const { port, answers } = connection;
    const latest = performance.now() + longestWait;
    for (;;) {
      const count = Atomics.load(answers, 0);
      const received = receiveMessageOnPort(port);
      if (received !== undefined) return received.message as Answer;
      // A wake-up proves nothing: the worker counts an answer before it notifies, so that a slow notification of the
      // answer before can wake this wait.
      if (Atomics.wait(answers, 0, count, lookAfter) !== 'timed-out') continue;
      if (hasEnded(connection)) throw this.lost(connection, 'the worker thread ended');
      if (performance.now() > latest) throw this.lost(connection, 'the worker thread does not answer');
    }
  }

  /** Gives the worker up. @returns the error to throw. */
  private lost(connection: Connection, loss: string): WorkerLostError {
    connection.loss ??= loss;
    if (this.connection === connection) this.connection = undefined;
    connection.port.close();
    connection.life.close();
    void connection.worker.terminate();
    return new WorkerLostError(connection.loss);
  }

  private connected(): Connection {
    if (this.connection) return this.connection;
    const [{ port1: port, port2 }, { port1: life, port2: otherLife }] = [
      new MessageChannel(),
      new MessageChannel(),
    ];
    const answers = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(this.script);
    const connection: Connection = { worker, port, life, answers, loss: undefined };
    // Without a listener the error of a worker ends the process.
    worker.on('error', ({ message }: Error) => this.lost(connection, `the worker thread failed: ${message}`));
    worker.on('exit', () => this.lost(connection, 'the worker thread ended'));
    worker.postMessage({ port: port2, life: otherLife, answers } satisfies WorkerEnd, [port2, otherLife]);
    worker.unref();
    port.unref();
    life.unref();
    this.connection = connection;
    return connection;
  }
}

function send({ port }: Connection, order: Order): void {
  port.postMessage(order);
}

/** The events of a worker do not arrive while this thread is blocked, but a port that has closed cannot be transferred. */
function hasEnded(connection: Connection): boolean {
  // A port closes when the message that the other end closed is taken from it.
  receiveMessageOnPort(connection.life);
  try {
    connection.life = structuredClone(connection.life, { transfer: [connection.life] });
    connection.life.unref();
    return false;
  } catch {
    return true;
  }
}

/** Serves streams in a worker thread. @param open starts a stream. */
export function servePulls(open: (request: unknown) => AsyncIterable<unknown>): void {
  parentPort?.once('message', ({ port, answers }: WorkerEnd) => {
    const streams = new Map<number, AsyncIterator<unknown>>();
    const answer = (message: Answer) => {
      port.postMessage(message);
      Atomics.add(answers, 0, 1);
      Atomics.notify(answers, 0);
    };
    port.on('message', async (order: Order) => {
      if (order.kind === 'open') {
        streams.set(order.stream, opened(open, order.request));
        return;
      }
      const stream = streams.get(order.stream);
      if (order.kind === 'close') {
        streams.delete(order.stream);
        // Nobody waits for a stream that was left, so that its errors concern nobody.
        await stream?.return?.().catch(() => {});
        return;
      }
      const { question } = order;
      try {
        const result = await nextOf(stream);
        if (result.kind === 'end') streams.delete(order.stream);
        answer({ ...result, question });
      } catch (thrown) {
        streams.delete(order.stream);
        answer({
          kind: 'error',
          message: thrown instanceof Error ? thrown.message : String(thrown),
          question,
        });
      }
    });
  });
}

/** Opens at the first `next`, which can answer with the error of a stream that does not open. */
async function* opened(
  open: (request: unknown) => AsyncIterable<unknown>,
  request: unknown,
): AsyncGenerator<unknown> {
  yield* open(request);
}

async function nextOf(stream: AsyncIterator<unknown> | undefined): Promise<Result> {
  if (stream === undefined) throw new Error('the stream is not open');
  const { done, value } = await stream.next();
  return done === true ? { kind: 'end' } : { kind: 'item', item: value };
}
