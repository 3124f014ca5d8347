// What is typed, handed to readline a line at a time. While the program is busy between two lines it holds keys back,
// so that nothing is echoed into a reply that is being written and no pasted line is lost; only Ctrl+C gets through.
// In raw mode a terminal sends Ctrl+C as a byte like any other, so no signals are involved.

import { Readable } from 'node:stream';

const interruptByte = 0x03;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const enders: readonly number[] = [interruptByte, carriageReturn, lineFeed];

/** The part of a terminal's input that is needed here. */
export interface TerminalInput extends NodeJS.ReadableStream {
  setRawMode?(raw: boolean): unknown;
}

export class Keyboard extends Readable {
  /** What a busy program does at Ctrl+C. */
  onInterrupt: () => void = () => {};
  private held: Buffer = Buffer.alloc(0);
  private listening = false;
  private ended = false;
  private readonly receive = (typed: Buffer) => this.hold(typed);
  private readonly hangUp = () => {
    if (this.ended) return;
    this.ended = true;
    this.onInterrupt();
    this.pass();
  };

  constructor(private readonly terminal: TerminalInput) {
    super();
    terminal.on('data', this.receive);
    terminal.on('end', this.hangUp);
    // A terminal that has gone away is the end of what is typed.
    terminal.on('error', this.hangUp);
  }

  /** Lets the next line through, or Ctrl+C, with whatever of it was typed already. */
  listen(): void {
    this.listening = true;
    this.pass();
  }

  /** Readline asks its input for this, when it starts, stops and is suspended. */
  setRawMode(raw: boolean): void {
    this.terminal.setRawMode?.(raw);
  }

  override _read(): void {}

  /** Takes no more from the terminal, so that the process can end. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.terminal.removeListener('data', this.receive);
    this.terminal.removeListener('end', this.hangUp);
    this.terminal.pause();
    done(error);
  }

  private hold(typed: Buffer): void {
    this.held = Buffer.concat([this.held, typed]);
    this.obeyInterrupt();
    this.pass();
  }

  /** As a terminal does it: what was typed before Ctrl+C is forgotten. */
  private obeyInterrupt(): void {
    const interrupt = this.listening ? -1 : this.held.lastIndexOf(interruptByte);
    if (interrupt < 0) return;
    this.held = this.held.subarray(interrupt + 1);
    this.onInterrupt();
  }

  /** Up to what readline answers to: a line's end, or Ctrl+C. */
  private pass(): void {
    if (!this.listening) return;
    const end = this.held.findIndex((byte) => enders.includes(byte));
    const pair = this.held[end] === carriageReturn && this.held[end + 1] === lineFeed;
    const length = end < 0 ? this.held.length : end + (pair ? 2 : 1);
    const passed = this.held.subarray(0, length);
    this.held = this.held.subarray(length);
    if (end >= 0) {
      this.listening = false;
      // Ctrl+C may have come together with the line; it is for what the line has begun by then.
      setImmediate(() => this.obeyInterrupt());
    }
    if (passed.length > 0) this.push(passed);
    if (this.ended && this.held.length === 0) this.push(null);
  }
}
