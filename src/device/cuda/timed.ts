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
