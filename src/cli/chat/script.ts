// Conversations without a terminal: messages in, replies out, and nothing else on stdout. A reply is printed only when it is
// complete, so that a reader never has half of one.

import { setImmediate } from 'node:timers/promises';
import { tidyText } from '../../corpus/tidy-text.js';
import { ExitCode, UserError } from '../../errors.js';
import type { Reply, ReplyWatcher } from '../../generate/reply.js';
import { visible } from '../../quote.js';
import { exitCodeOfSignal, type SignalSource, type StopSignal, watchSignals } from '../signals.js';
import { inputLines } from './input-lines.js';
import { replyJson } from './reply-json.js';

/** The part of Conversation that this file needs. */
export interface Partner {
  say(message: string, watcher: ReplyWatcher): Promise<Reply>;
}

/** A stream that may be a terminal. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface ScriptOptions {
  readonly output: Output;
  /** Print replies as JSON. */
  readonly json: boolean;
  readonly signals?: SignalSource;
}

/**
 * Sends one message and prints the reply with its line breaks.
 * @returns the exit code.
 * @throws whatever `say` throws.
 */
export async function runPrompt(partner: Partner, message: string, options: ScriptOptions): Promise<number> {
  return untilSignalled(options.signals, async (stop) => {
    const reply = await partner.say(message, stop.watcher);
    if (!stop.signalled()) await print(reply.text, reply, options);
    return ExitCode.ok;
  });
}

/**
 * Answers every line of the input with one line; empty lines are skipped. Ends when the input ends or the output is closed.
 * @returns the exit code.
 * @throws UserError with the line number for a line that cannot be read or answered; earlier replies are printed.
 */
export async function runScript(
  partner: Partner,
  input: NodeJS.ReadableStream,
  options: ScriptOptions,
): Promise<number> {
  return untilSignalled(options.signals, async (stop) => {
    const lines = inputLines(input as AsyncIterable<Uint8Array | string>);
    for (;;) {
      const next = await Promise.race([lines.next(), stop.asked]);
      if (next === 'stop' || next.done === true) return ExitCode.ok;
      const { text, number } = next.value;
      const message = tidyText(text);
      if (message === '') continue;
      const reply = await partner.say(message, stop.watcher).catch((thrown: unknown) => {
        throw placed(thrown, number);
      });
      if (stop.signalled()) return ExitCode.ok;
      const line = reply.text.replace(/\r\n|[\n\r]/g, ' ');
      if (!(await print(line, reply, options))) return ExitCode.ok;
      // Signals arrive through the event loop, which short replies alone would block.
      await setImmediate();
    }
  });
}

interface Stop {
  readonly asked: Promise<'stop'>;
  readonly watcher: ReplyWatcher;
  signalled(): boolean;
}

/** @returns the exit code of `run`, or that of a received signal. */
async function untilSignalled(
  source: SignalSource | undefined,
  run: (stop: Stop) => Promise<number>,
): Promise<number> {
  let ask: (stop: 'stop') => void = () => {};
  const asked = new Promise<'stop'>((resolve) => {
    ask = resolve;
  });
  const watch = watchSignals(() => ask('stop'), ['SIGINT', 'SIGTERM'], source);
  const signal = (): StopSignal | null => watch.shouldStop();
  const signalled = () => signal() !== null;
  try {
    const exitCode = await run({ asked, signalled, watcher: { text: () => {}, shouldStop: signalled } });
    const received = signal();
    return received === null ? exitCode : exitCodeOfSignal[received];
  } finally {
    watch.dispose();
  }
}

/** The error with the line number of its message. */
function placed(thrown: unknown, line: number): unknown {
  if (!(thrown instanceof UserError)) return thrown;
  return new UserError(thrown.code, `line ${line} of the input: ${thrown.sentence}`, { cause: thrown });
}

/** @returns whether it was written; false when the output is closed. */
function print(text: string, reply: Reply, { output, json }: ScriptOptions): Promise<boolean> {
  const shown = json ? replyJson(reply) : output.isTTY === true ? visible(text) : text;
  return new Promise((resolve) => {
    output.write(`${shown}\n`, (error?: Error | null) => resolve(error === undefined || error === null));
  });
}
