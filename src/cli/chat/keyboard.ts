// Passes typed input to readline one line at a time. While the program is busy it holds keys back, so that nothing is echoed
// into a reply and no pasted line is lost; only Ctrl+C gets through. In raw mode a terminal sends Ctrl+C as a byte, so no
// signals are involved.

import { Readable } from 'node:stream';

const interruptByte = 0x03;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const enders: readonly number[] = [interruptByte, carriageReturn, lineFeed];

/** The part of a terminal's input that this file needs. */
export interface TerminalInput extends NodeJS.ReadableStream {
  setRawMode?(raw: boolean): unknown;
}

export class Keyboard extends Readable {
  /** Called at Ctrl+C while the program is busy. */
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
    // A closed terminal ends the input.
    terminal.on('error', this.hangUp);
  }

  /** Lets the next line or Ctrl+C through, including what has already been typed. */
  listen(): void {
    this.listening = true;
    this.pass();
  }

  /** Readline calls this when it starts, stops and is suspended. */
  setRawMode(raw: boolean): void {
    this.terminal.setRawMode?.(raw);
  }

  override _read(): void {}

  /** Stops reading from the terminal, so that the process can end. */
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

  /** As in a terminal, Ctrl+C discards what was typed before it. */
  private obeyInterrupt(): void {
    const interrupt = this.listening ? -1 : this.held.lastIndexOf(interruptByte);
    if (interrupt < 0) return;
    this.held = this.held.subarray(interrupt + 1);
    this.onInterrupt();
  }

  /** Passes input up to the end of a line or Ctrl+C, which readline reacts to. */
  private pass(): void {
    if (!this.listening) return;
    const end = this.held.findIndex((byte) => enders.includes(byte));
    const pair = this.held[end] === carriageReturn && this.held[end + 1] === lineFeed;
    const length = end < 0 ? this.held.length : end + (pair ? 2 : 1);
    const passed = this.held.subarray(0, length);
    this.held = this.held.subarray(length);
    if (end >= 0) {
      this.listening = false;
      // Ctrl+C may have arrived together with the line. It then applies to what the line starts.
      setImmediate(() => this.obeyInterrupt());
    }
    if (passed.length > 0) this.push(passed);
    if (this.ended && this.held.length === 0) this.push(null);
  }
}
