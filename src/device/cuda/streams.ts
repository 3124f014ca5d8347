// Work in order: the driver's streams, the events that mark points in them, and graphs of captured work.

import type { Out } from './bindings.js';
import type { DriverCalls, DriverFunctions, Handle } from './driver-calls.js';
import { outOfMemory } from './errors.js';

export type Stream = Handle<'stream'>;
export type Event = Handle<'event'>;
/** A captured graph, ready to launch. */
export interface Graph {
  readonly executable: number;
  /** How many kernels, copies and fills it contains. */
  readonly nodes: number;
}

/** CU_STREAM_NON_BLOCKING: the legacy default stream does not block it. */
const nonBlocking = 1;
/** CU_STREAM_CAPTURE_MODE_THREAD_LOCAL. */
const threadLocal = 1;
/** CU_EVENT_DISABLE_TIMING: waiting for such an event is faster. */
const disableTiming = 2;
/** CUDA_ERROR_NOT_READY. */
const notReady = 600;

export class Streams {
  readonly #driver: DriverCalls;
  readonly #calls: DriverFunctions;
  readonly #out: Out;

  constructor(driver: DriverCalls) {
    this.#driver = driver;
    this.#calls = driver.functions;
    this.#out = driver.out;
  }

  create(): Stream {
    this.#driver.check('cuStreamCreate', this.#calls.cuStreamCreate(this.#out.clear(), nonBlocking));
    return this.#out.long() as Stream;
  }

  destroy(stream: Stream): void {
    this.#driver.release('cuStreamDestroy', this.#calls.cuStreamDestroy_v2(stream));
  }

  synchronize(stream: Stream): void {
    this.#driver.check('cuStreamSynchronize', this.#calls.cuStreamSynchronize(stream));
  }

  /** @param timed whether `elapsed` may read its time */
  createEvent(timed = false): Event {
    const flags = timed ? 0 : disableTiming;
    this.#driver.check('cuEventCreate', this.#calls.cuEventCreate(this.#out.clear(), flags));
    return this.#out.long() as Event;
  }

  destroyEvent(event: Event): void {
    this.#driver.release('cuEventDestroy', this.#calls.cuEventDestroy_v2(event));
  }

  recordEvent(event: Event, stream: Stream): void {
    this.#driver.check('cuEventRecord', this.#calls.cuEventRecord(event, stream));
  }

  /** Work queued on the stream from now on waits for the work that precedes the event. */
  awaitEvent(stream: Stream, event: Event): void {
    this.#driver.check('cuStreamWaitEvent', this.#calls.cuStreamWaitEvent(stream, event, 0));
  }

  /** Whether the work that precedes the event is done. */
  happened(event: Event): boolean {
    const status = this.#calls.cuEventQuery(event);
    if (status === notReady) return false;
    this.#driver.check('cuEventQuery', status);
    return true;
  }

  synchronizeEvent(event: Event): void {
    this.#driver.check('cuEventSynchronize', this.#calls.cuEventSynchronize(event));
  }

  /**
   * Milliseconds on the card between two timed events, in steps of about half a microsecond. Waits for the second one.
   */
  elapsed(start: Event, end: Event): number {
    this.synchronizeEvent(end);
    const milliseconds = new Float32Array(1);
    this.#driver.check('cuEventElapsedTime', this.#calls.cuEventElapsedTime(milliseconds, start, end));
    return milliseconds[0] ?? Number.NaN;
  }

  /* Graphs. */

  /**
   * Captures the work that `work` queues on the stream, without running it. Copies to and from the host must be
   * page-locked.
   * @returns undefined if the card has no memory left for a graph
   */
  capture(stream: Stream, work: () => void): Graph | undefined {
    this.#driver.check('cuStreamBeginCapture', this.#calls.cuStreamBeginCapture_v2(stream, threadLocal));
    let done = false;
    try {
      work();
      done = true;
    } finally {
      // The stream must end its capture even after an error.
      if (!done) this.#calls.cuStreamEndCapture(stream, this.#out.clear());
    }
    this.#driver.check('cuStreamEndCapture', this.#calls.cuStreamEndCapture(stream, this.#out.clear()));
    const graph = this.#out.long();
    this.#driver.check('cuGraphGetNodes', this.#calls.cuGraphGetNodes(graph, null, this.#out.clear()));
    const nodes = this.#out.long();
    const status = this.#calls.cuGraphInstantiateWithFlags(this.#out.clear(), graph, 0);
    const executable = this.#out.long();
    this.#driver.release('cuGraphDestroy', this.#calls.cuGraphDestroy(graph));
    if (status === outOfMemory) return undefined;
    this.#driver.check('cuGraphInstantiate', status);
    return { executable, nodes };
  }

  /**
   * @returns false, with nothing queued, if the card has no memory left for the graph; the first launch allocates it
   */
  launchGraph(graph: Graph, stream: Stream): boolean {
    const status = this.#calls.cuGraphLaunch(graph.executable, stream);
    if (status === outOfMemory) return false;
    this.#driver.check('cuGraphLaunch', status);
    return true;
  }

  destroyGraph(graph: Graph): void {
    this.#driver.release('cuGraphExecDestroy', this.#calls.cuGraphExecDestroy(graph.executable));
  }
}
