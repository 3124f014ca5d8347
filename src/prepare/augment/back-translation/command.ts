// Translates by a program of the user's machine: lines go in, as many lines come out. The program starts once for each batch,
// without a shell. It is ended with everything that it has started when the run stops or when it is silent for too long.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../../collect/openai-service.js';
import { messageOf, UserError } from '../../../errors.js';
import { Spool } from '../../../files/spool.js';
import { findProgram } from '../../../files/working-folder.js';
import { oneLine, quoted } from '../../../quote.js';
import { type Translator, translatorFailed } from './translator.js';

export interface CommandOptions {
  /** The program and its arguments. */
  readonly words: readonly [string, ...string[]];
  /** A program that neither writes nor ends for this many seconds is ended. */
  readonly silentSeconds: number;
  readonly clock: Pick<Clock, 'deadline'>;
}

/** A translation is never so much longer than its text, so a program that writes more writes something else. */
const mostGrowth = 20;
const leastBytes = 2 ** 20;
/** What is kept of its error messages. */
const keptErrors = 2000;

/** @throws UserError (usage) if the program is not installed. */
export function commandTranslator({ words, silentSeconds, clock }: CommandOptions): Translator {
  const [program, ...rest] = words;
  const path = isPath(program) ? program : findProgram(program, process.env);
  if (path === undefined)
    throw new UserError(
      'translator-unusable',
      `the program ${quoted(program)} is not installed; install it, or name it with its path`,
    );
  const name = quoted(words.join(' '));
  return {
    name,
    identity: JSON.stringify(words),
    translate: async (texts, signal) => {
      signal.throwIfAborted();
      const input = new Spool();
      try {
        input.append(Buffer.from(texts.map((text) => `${text}\n`).join('')));
        const run = new Run([path, ...rest], input, name, { silentSeconds, clock });
        return run.lines(await run.output(signal), texts.length);
      } finally {
        input.release();
      }
    },
    close: async () => {},
  };
}

function isPath(program: string): boolean {
  return program.includes('/') || program.includes('\\');
}

/** Programs start others, as apertium does, so a whole process group is ended. Windows has none. */
const hasGroups = process.platform !== 'win32';

/** One start of the program. */
class Run {
  private readonly child: ChildProcess;
  private readonly pieces: Buffer[] = [];
  private size = 0;
  private errors = '';
  /** Why it was ended before it ended by itself. */
  private ended: UserError | undefined;
  private stopWaiting: () => void = () => {};

  constructor(
    [program, ...rest]: readonly [string, ...string[]],
    input: Spool,
    private readonly name: string,
    private readonly patience: Pick<CommandOptions, 'silentSeconds' | 'clock'>,
  ) {
    // The input is a file without a name. Node's pipes are sockets, and programs such as apertium cannot open /dev/stdin then.
    this.child = spawn(program, rest, { stdio: [input.file(), 'pipe', 'pipe'], detached: hasGroups });
    this.collect(Math.max(leastBytes, mostGrowth * input.length));
  }

  /** @throws UserError unless the program ends well, or the signal's reason. */
  async output(signal: AbortSignal): Promise<string> {
    const stop = () => this.kill();
    signal.addEventListener('abort', stop);
    try {
      const failure = await this.exit();
      signal.throwIfAborted();
      if (this.ended !== undefined) throw this.ended;
      if (failure !== undefined) throw failure;
      return Buffer.concat(this.pieces).toString('utf8');
    } finally {
      this.stopWaiting();
      signal.removeEventListener('abort', stop);
    }
  }

  private collect(most: number): void {
    this.wait();
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.wait();
      this.size += chunk.length;
      if (this.size <= most) this.pieces.push(chunk);
      else this.end('wrote far more than a translation, so it was ended; check what it does with lines');
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.wait();
      this.errors = (this.errors + chunk).slice(-keptErrors);
    });
  }

  /** Waits for the next sign of life. */
  private wait(): void {
    const { silentSeconds, clock } = this.patience;
    this.stopWaiting();
    this.stopWaiting = clock.deadline(silentSeconds, () =>
      this.end(`wrote nothing for ${silentSeconds} s, so it was ended${this.complaint()}`),
    );
  }

  private end(why: string): void {
    this.ended ??= translatorFailed(`${this.name} ${why}`);
    this.kill();
  }

  private kill(): void {
    const { pid } = this.child;
    try {
      if (hasGroups && pid !== undefined) process.kill(-pid, 'SIGKILL');
      else this.child.kill('SIGKILL');
    } catch {
      // It has ended already.
    }
    // A process that left the group may hold the pipes open.
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  /** Waits for the end. @returns why it failed, if it did. */
  private exit(): Promise<UserError | undefined> {
    return new Promise((resolve) => {
      this.child.on('error', (thrown) =>
        resolve(translatorFailed(`${this.name} does not start (${oneLine(messageOf(thrown))})`, thrown)),
      );
      this.child.on('close', (status, by) => {
        const how = by === null ? `failed with exit status ${status}` : `was ended by ${by}`;
        resolve(status === 0 ? undefined : translatorFailed(`${this.name} ${how}${this.complaint()}`));
      });
    });
  }

  private complaint(): string {
    const text = oneLine(this.errors.trim().slice(-200), 200);
    return text === '' ? '' : `: ${text}`;
  }

  /** @throws UserError unless there is a line for each text. */
  lines(text: string, expected: number): (string | null)[] {
    const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
    if (lines.at(-1) === '') lines.pop();
    if (lines.length !== expected)
      throw translatorFailed(
        `${this.name} read ${expected} lines and wrote ${lines.length}; it must write one line for each line that it reads`,
      );
    return lines.map((line) => (line.trim() === '' ? null : line.trim()));
  }
}
