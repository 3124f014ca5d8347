// The thread of one model: opens it, takes orders between passes, and reports after each of them.

import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, UserError } from '../../errors.js';
import { now } from './clock.js';
import type { Opening, Order, Report } from './messages.js';
import { type OpenedSlots, openSlots } from './open-slots.js';
import { SlotLoop } from './slot-loop.js';

const port = parentPort;
if (port === null) throw new Error('this file is the thread of a model');
const report = (message: Report) => port.postMessage(message);

try {
  const note = (text: string) => report({ kind: 'note', text });
  const opened = await openSlots(workerData as Opening, note);
  const { pass, parameters, description } = opened;
  serve(opened);
  report({ kind: 'ready', slots: pass.slots, parameters, description });
} catch (thrown) {
  const code = thrown instanceof UserError ? thrown.code : null;
  const sentence = thrown instanceof UserError ? thrown.sentence : messageOf(thrown);
  report({ kind: 'failed', code, sentence });
  port.close();
}

function serve({ pass, tokenizer, dispose }: OpenedSlots): void {
  const loop = new SlotLoop(pass, tokenizer, now);
  let isRunning = false;
  let isClosed = false;
  const run = async () => {
    isRunning = true;
    // Orders that have arrived are taken before each pass.
    for (await setImmediate(); loop.isBusy && !isClosed; await setImmediate())
      report({ kind: 'turn', turn: loop.turn() });
    isRunning = false;
    if (isClosed) close();
  };
  const close = () => {
    report({ kind: 'turn', turn: loop.stop() });
    dispose();
    report({ kind: 'closed' });
    port?.close();
  };
  port?.on('message', (order: Order) => {
    if (order.kind === 'job') loop.add(order.job);
    else if (order.kind === 'cancel') loop.cancel(order.id);
    else isClosed = true;
    if (isRunning) return;
    if (isClosed) close();
    else void run();
  });
}
