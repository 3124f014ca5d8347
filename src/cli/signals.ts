// SIGINT, SIGTERM and SIGHUP: the first signal asks the run to save and stop, a second Ctrl+C ends the process at once.
// Listeners run only when the event loop turns, so the trainer yields to it between micro-batches.

import { fstatSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExitCode } from '../errors.js';
import { homeFolder } from '../files/user-folders.js';

export const exitCodeOfSignal = {
  SIGHUP: ExitCode.hungUp,
  SIGINT: ExitCode.interrupted,
  SIGTERM: ExitCode.terminated,
} as const;

export type StopSignal = keyof typeof exitCodeOfSignal;

export interface SignalWatch {
  /** The signal that asked to stop, if one did. */
  shouldStop(): StopSignal | null;
  /** Restores the default action of the signals. */
  dispose(): void;
}

/** The part of `process` that this file needs. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * @param asked is called once, at the first signal.
 * @param signals that ask to stop.
 */
export function watchSignals(
  asked: (signal: StopSignal) => void,
  signals: readonly StopSignal[],
  source: SignalSource = process,
): SignalWatch {
  let received: StopSignal | null = null;
  const listeners = signals.map((signal) => {
    const listener = () => {
      if (received !== null) {
        if (signal === 'SIGINT') source.exit(ExitCode.interrupted);
        return;
      }
      received = signal;
      asked(signal);
    };
    return [signal, listener] as const;
  });
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return {
    shouldStop: () => received,
    dispose: () => {
      for (const [signal, listener] of listeners) source.removeListener(signal, listener);
    },
  };
}

/**
 * Ignores SIGHUP, as nohup intends. Node resets every signal to its default action when it starts, and the default of SIGHUP
 * ends the process.
 * @param told is called at the first hang-up.
 * @returns a function that restores the default.
 */
export function ignoreHangups(told: () => void, source: SignalSource = process): () => void {
  let first = true;
  const listener = () => {
    if (first) told();
    first = false;
  };
  source.on('SIGHUP', listener);
  return () => source.removeListener('SIGHUP', listener);
}

/** Evidence of how the process was started. */
export interface Startup {
  readonly environment: NodeJS.ProcessEnv;
  readonly parent: number;
}

/**
 * Whether the program was started with SIGHUP ignored. This is a best guess, because Node resets its own disposition before
 * any script runs. Bash and zsh leave the path of the command they start in `_`. In a terminal, nohup writes to nohup.out. A
 * shell that ignores SIGHUP passes that on to its children, and Linux shows it for the parent process.
 */
export function startedWithoutHangups(
  { environment, parent }: Startup = { environment: process.env, parent: process.ppid },
): boolean {
  return basename(environment._ ?? '') === 'nohup' || writesToNohupOut() || ignoresHangups(parent);
}

function writesToNohupOut(): boolean {
  return [1, 2].some((descriptor) =>
    ['nohup.out', join(homeFolder(process.env), 'nohup.out')].some((path) => isSameFile(descriptor, path)),
  );
}

function isSameFile(descriptor: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(descriptor), statSync(path)];
    return open.isFile() && open.ino === named.ino && open.dev === named.dev;
  } catch {
    return false;
  }
}

/** Signal 1 is the lowest bit of the mask. */
function ignoresHangups(pid: number): boolean {
  try {
    const mask = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return mask !== undefined && (Number.parseInt(mask, 16) & 1) === 1;
  } catch {
    return false;
  }
}
