// Ctrl-C and `kill`: the first asks the run to save and stop, a second Ctrl-C ends the process at once.
// Listeners run only when the event loop turns, so the trainer must yield to it between micro-steps.

import { ExitCode } from '../errors.js';

export type StopSignal = 'SIGINT' | 'SIGTERM';

export const exitCodeOfSignal = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const;

export interface SignalWatch {
  /** The signal that asked to stop, if one did. */
  shouldStop(): StopSignal | null;
  /** Signals do again what they do by default. */
  dispose(): void;
}

/** The part of `process` that is needed here. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
  exit(code: number): void;
}

/** @param asked is called once, at the first signal. */
export function watchSignals(
  asked: (signal: StopSignal) => void,
  source: SignalSource = process,
): SignalWatch {
  let received: StopSignal | null = null;
  const first = (signal: StopSignal) => {
    received = signal;
    asked(signal);
  };
  const interrupted = () => (received === null ? first('SIGINT') : source.exit(ExitCode.interrupted));
  const terminated = () => {
    if (received === null) first('SIGTERM');
  };
  source.on('SIGINT', interrupted);
  source.on('SIGTERM', terminated);
  return {
    shouldStop: () => received,
    dispose: () => {
      source.removeListener('SIGINT', interrupted);
      source.removeListener('SIGTERM', terminated);
    },
  };
}
