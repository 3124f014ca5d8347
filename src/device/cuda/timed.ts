// Time on the card: between two events around the work, so that neither the queueing nor the host's clock counts.

import type { CardContext } from './card-context.js';

/** Runs `work` and returns the milliseconds that the card spent on what it queued. Waits for the card. */
export function timedOn({ driver: { streams }, stream }: CardContext, work: () => void): number {
  const [start, end] = [streams.createEvent(true), streams.createEvent(true)];
  try {
    streams.recordEvent(start, stream);
    work();
    streams.recordEvent(end, stream);
    return streams.elapsed(start, end);
  } finally {
    for (const event of [start, end]) streams.destroyEvent(event);
  }
}

/** Candidates that take longer than this multiple of the fastest one so far are not measured again. */
const outOfTheRunning = 1.3;
/** Runs in one graph, and how often it is measured. */
const [repetitions, measurements] = [4, 3];

/**
 * Measures ways to compute the same thing.
 * @param run queues a candidate, or returns false if it cannot be computed in that way
 * @returns milliseconds per run, without the candidates that cannot be computed
 */
export function timeCandidates<Candidate>(
  context: CardContext,
  candidates: readonly Candidate[],
  run: (candidate: Candidate) => boolean,
): Map<Candidate, number> {
  const times = new Map<Candidate, number>();
  let fastest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    // The first run also loads the kernel.
    if (!run(candidate)) continue;
    const once = timedOn(context, () => run(candidate));
    const time = once > fastest * outOfTheRunning ? once : repeatedly(context, () => run(candidate));
    times.set(candidate, time);
    fastest = Math.min(fastest, time);
  }
  return times;
}

/** Milliseconds per run within a graph, as in a training step: there, short kernels do not wait for the host. */
function repeatedly(context: CardContext, run: () => void): number {
  const { driver, stream } = context;
  const work = () => {
    for (let time = 0; time < repetitions; time++) run();
  };
  const graph = driver.streams.capture(stream, work);
  try {
    const launch = () => {
      if (graph === undefined || !driver.streams.launchGraph(graph, stream)) work();
    };
    const taken = Array.from({ length: measurements }, () => timedOn(context, launch));
    return Math.min(...taken) / repetitions;
  } finally {
    if (graph !== undefined) driver.streams.destroyGraph(graph);
  }
}
