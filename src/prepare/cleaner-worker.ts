// A worker thread of cleaner-threads.ts: cleans one batch after the other.

import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { Cleaner } from './cleaner.js';
import type { Answer, Order, ThreadStart } from './cleaner-threads.js';

parentPort?.once('message', ({ settings, port, answers }: ThreadStart) => {
  const cleaner = Cleaner.start(settings);
  // Waiting makes no difference to the order: the orders wait for one promise.
  port.on('message', async (order: Order) => {
    const answer = await answered(cleaner, order);
    if (answer === undefined) return;
    port.postMessage(answer, answer.kind === 'part' ? [answer.part.buffer as ArrayBuffer] : []);
    Atomics.add(answers, 0, 1);
    Atomics.notify(answers, 0);
  });
});

async function answered(cleaner: Promise<Cleaner>, order: Order): Promise<Answer | undefined> {
  try {
    const ready = await cleaner;
    if (order.kind === 'clean') return { kind: 'part', part: ready.clean(order.lines) };
    ready.beginSource(order.speakers);
    return undefined;
  } catch (thrown) {
    const code = thrown instanceof UserError ? thrown.code : undefined;
    const message =
      thrown instanceof Error ? (code === undefined ? String(thrown.stack) : thrown.message) : '';
    return order.kind === 'clean' ? { kind: 'error', code, message } : undefined;
  }
}
