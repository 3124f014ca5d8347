// Runs a command that a signal can stop between two steps. What it has done so far is kept by the command itself.

import { exitCodeOfSignal, type StopSignal, watchSignals } from '../signals.js';

/**
 * @param action gets a signal that aborts when the program is asked to stop, and throws then.
 * @param stopped is called after it has thrown.
 * @returns the exit code of the action, or that of the signal.
 */
export async function interruptible(
  action: (signal: AbortSignal) => Promise<number>,
  stopped: (signal: StopSignal) => void,
): Promise<number> {
  const stop = new AbortController();
  const signals = watchSignals(() => stop.abort(), ['SIGHUP', 'SIGINT', 'SIGTERM']);
  try {
    return await action(stop.signal);
  } catch (thrown) {
    const signal = signals.shouldStop();
    if (signal === null) throw thrown;
    stopped(signal);
    return exitCodeOfSignal[signal];
  } finally {
    signals.dispose();
  }
}
