// A worker thread for pull.test.ts. It counts up to the number that it is asked for, or fails before it.

import { parentPort } from 'node:worker_threads';
import { servePulls } from '../src/files/pull.js';

export interface Count {
  readonly to: number;
  /** The number before which `fault` happens. */
  readonly failsAt?: number;
  /** By default the stream fails. */
  readonly fault?: 'exit' | 'throw' | 'early-wake';
}

let answers: Int32Array = new Int32Array(1);
parentPort?.once('message', (message: { answers: Int32Array }) => {
  ({ answers } = message);
});
servePulls((request) => count(request as Count));

function count(request: Count): AsyncGenerator<number> {
  if (request.to < 0) throw new Error('no way down');
  return upwards(request);
}

async function* upwards({ to, failsAt, fault }: Count): AsyncGenerator<number> {
  for (let number = 1; number <= to; number++) {
    if (number === failsAt) await fail(number, fault);
    yield number;
  }
}

async function fail(number: number, fault: Count['fault']): Promise<void> {
  if (fault === undefined) throw new Error(`no ${number}`);
  if (fault === 'early-wake') {
    // Wakes the thread that asks before there is an answer. Each time but the first shows that it waited on.
    for (let time = 0; time < 3; time++) while (Atomics.notify(answers, 0) === 0);
    return;
  }
  setImmediate(() => {
    if (fault === 'exit') process.exit();
    throw new Error('the thread is broken');
  });
  await new Promise(() => {});
}
