// Runs a program in a pseudo-terminal, like expect(1): its standard streams are a terminal, and tests send keys and wait for
// output. The terminal comes from openpty of the C library, through koffi. It is not the program's controlling terminal,
// which raw mode does not need: Ctrl+C arrives as a byte.

import { spawn } from 'node:child_process';
import { closeSync, createReadStream, createWriteStream } from 'node:fs';
import koffi from 'koffi';

/** Milliseconds. It is generous, because it only ends a failing test. */
const patience = 30_000;

type OpenPty = (
  master: number[],
  slave: number[],
  name: null,
  termios: null,
  size: { ws_row: number; ws_col: number; ws_xpixel: number; ws_ypixel: number },
) => number;

function findOpenPty(): OpenPty | null {
  if (process.platform === 'win32') return null;
  for (const library of [null, 'libutil.so.1', 'libutil.dylib'])
    try {
      const size = koffi.struct({
        ws_row: 'uint16',
        ws_col: 'uint16',
        ws_xpixel: 'uint16',
        ws_ypixel: 'uint16',
      });
      const types = ['_Out_ int *', '_Out_ int *', 'void *', 'void *', koffi.pointer(size)];
      return koffi.load(library).func('openpty', 'int', types);
    } catch {}
  return null;
}

/** Also matches an incomplete sequence at the end. */
const escapeSequence = /␛(\[[\d;?]*([a-zA-Z]|$)|$)/g;

const openpty = findOpenPty();

/** Why this system has no pseudo-terminals, or false if it has. */
export const noPty: string | false = openpty === null ? 'this system has no openpty' : false;

export interface PtyOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  readonly columns?: number;
}

export const keys = { enter: '\r', tab: '\t', up: '\x1b[A', ctrlC: '\x03', ctrlD: '\x04' } as const;

/** A terminal with 16 colours, regardless of the environment of the tests. */
const xterm: NodeJS.ProcessEnv = {
  TERM: 'xterm',
  ...Object.fromEntries(
    [
      'CI',
      'COLORTERM',
      'FORCE_COLOR',
      'NO_COLOR',
      'NODE_DISABLE_COLORS',
      'TEAMCITY_VERSION',
      'TERM_PROGRAM',
      'TF_BUILD',
      'TMUX',
    ].map((name) => [name, undefined]),
  ),
};

export class Pty {
  /** The output so far, unchanged. */
  raw = '';
  readonly exit: Promise<number | null>;
  private read = 0;
  private ended = false;
  private wake = () => {};
  private readonly type: (text: string) => void;

  /** Starts `node` with these words. */
  constructor(words: readonly string[], { environment = {}, folder, columns = 100 }: PtyOptions = {}) {
    const [master, slave] = openTerminal(columns);
    const child = spawn(process.execPath, words, {
      ...(folder !== undefined && { cwd: folder }),
      env: { ...process.env, ...xterm, ...environment },
      stdio: [slave, slave, slave],
    });
    closeSync(slave);
    const screen = createReadStream('', { fd: master, encoding: 'utf8', autoClose: false });
    const keyboard = createWriteStream('', { fd: master, autoClose: false });
    this.type = (text) => keyboard.write(text);
    screen.on('data', (text) => {
      this.raw += text;
      this.wake();
    });
    // These events mean that no process has the other end open any more.
    const over = new Promise<void>((resolve) => {
      screen.on('error', () => resolve());
      screen.on('close', () => resolve());
    });
    this.exit = new Promise((resolve) => {
      child.on('exit', (code) => {
        void over.then(() => {
          this.ended = true;
          closeSync(master);
          this.wake();
          resolve(code);
        });
      });
    });
    this.kill = () => child.kill('SIGKILL');
  }

  readonly kill: () => void;

  /** The output so far as lines of text: without colours and cursor movements, and with `\n` for `\r\n`. */
  get output(): string {
    return this.raw
      .replaceAll('\x1b', '␛')
      .replace(escapeSequence, '')
      .replace(/\r+\n/g, '\n')
      .replace(/\r$/, '');
  }

  send(text: string): void {
    this.type(text);
  }

  /** Types a line. */
  line(text: string): void {
    this.send(`${text}${keys.enter}`);
  }

  /** Waits until the output after the last match matches `wanted`. @returns the match. */
  async expect(wanted: RegExp): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.wake(), patience);
    const deadline = performance.now() + patience;
    try {
      for (;;) {
        const match = wanted.exec(this.output.slice(this.read));
        if (match) {
          this.read += match.index + match[0].length;
          return match;
        }
        if (this.ended || performance.now() >= deadline) {
          this.kill();
          throw new Error(`${wanted} did not appear after ${JSON.stringify(this.output.slice(this.read))}`);
        }
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function openTerminal(columns: number): [master: number, slave: number] {
  if (openpty === null) throw new Error(String(noPty));
  const [master, slave] = [[0], [0]];
  const size = { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
  if (openpty(master, slave, null, null, size) !== 0) throw new Error('openpty failed');
  return [master[0] ?? -1, slave[0] ?? -1];
}
