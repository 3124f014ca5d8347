// Who is let into the queue, and when somebody who is not may come again. It counts; it knows nothing of models.

import { Refusal } from './refusal.js';

/** How much the newest service time counts in the mean. */
const newest = 0.1;

export class Admission {
  /** Milliseconds from a job's start to its end; null before the first. */
  private meanService: number | null = null;
  private waitingNow = 0;
  private runningNow = 0;

  constructor(private readonly mostWaiting: number) {}

  get waiting(): number {
    return this.waitingNow;
  }

  get running(): number {
    return this.runningNow;
  }

  /**
   * @param slots how many jobs can run at once.
   * @throws Refusal (queue-full)
   */
  enter(slots: number): void {
    // A job that has just been let in waits until its thread reports its start, even if a slot is free.
    const inLine = this.waitingNow + this.runningNow - slots;
    if (inLine >= this.mostWaiting)
      throw new Refusal(
        'queue-full',
        `${this.mostWaiting} messages are waiting already; try again ${inWords(this.retryAfter(slots))}`,
        this.retryAfter(slots),
      );
    this.waitingNow++;
  }

  start(): void {
    this.waitingNow--;
    this.runningNow++;
  }

  /** @param service milliseconds since its start; null for a job that never had a slot. */
  leave(service: number | null): void {
    if (service === null) {
      this.waitingNow--;
      return;
    }
    this.runningNow--;
    this.meanService = service * newest + (this.meanService ?? service) * (1 - newest);
  }

  /** Seconds after which the queue will have moved on. */
  retryAfter(slots: number): number {
    const line = Math.max(1, this.waitingNow + this.runningNow - slots);
    return Math.max(1, Math.ceil(((this.meanService ?? 1000) * line) / Math.max(1, slots) / 1000));
  }
}

function inWords(seconds: number): string {
  return `in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
}
