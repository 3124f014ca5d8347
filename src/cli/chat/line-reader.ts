// Reads lines from a terminal with readline, one at a time, with editing, history and completion.

import { createInterface, type Interface } from 'node:readline';
import { Keyboard, type TerminalInput } from './keyboard.js';

export interface LineReaderOptions {
  readonly input: TerminalInput;
  readonly output: NodeJS.WritableStream;
  /** Entries for the up arrow, the newest first. */
  readonly history: readonly string[];
  readonly historySize: number;
  /** Completions of the line up to the cursor, and the part of it that they replace. */
  complete(line: string): [hits: string[], replaced: string];
  /** Shown when Ctrl+C has cleared a line; ends with a line break. */
  readonly clearedNote: string;
}

export interface Question {
  readonly prompt: string;
  /** Whether the Tab key completes. */
  readonly completes: boolean;
}

/** `cleared`: Ctrl+C; `end`: Ctrl+D, or the terminal was closed. */
export type Answer = { readonly kind: 'line'; readonly text: string } | { readonly kind: 'cleared' | 'end' };

export class LineReader {
  private readonly keyboard: Keyboard;
  private readonly readline: Interface;
  private closed = false;
  private completes = false;
  private answer: (answer: Answer) => void = () => {};

  constructor(private readonly options: LineReaderOptions) {
    const { input, output, history, historySize, complete } = options;
    this.keyboard = new Keyboard(input);
    this.readline = createInterface({
      input: this.keyboard,
      output,
      terminal: true,
      history: [...history],
      historySize,
      completer: (line: string) => (this.completes ? complete(line) : [[], line]),
    });
    this.readline.on('line', (text) => this.answer({ kind: 'line', text }));
    this.readline.on('SIGINT', () => this.clear());
    // After Ctrl+Z and fg, readline stays paused until it prompts.
    this.readline.on('SIGCONT', () => this.readline.prompt(true));
    this.readline.on('close', () => {
      this.closed = true;
      this.answer({ kind: 'end' });
    });
  }

  /** Shows the prompt and waits. */
  ask({ prompt, completes }: Question): Promise<Answer> {
    if (this.closed) return Promise.resolve({ kind: 'end' });
    this.completes = completes;
    return new Promise((resolve) => {
      this.answer = resolve;
      this.readline.setPrompt(prompt);
      this.readline.prompt();
      this.keyboard.listen();
    });
  }

  /** @param interrupt called at Ctrl+C while no line is being read. */
  set onInterrupt(interrupt: () => void) {
    this.keyboard.onInterrupt = interrupt;
  }

  /** Restores the terminal. */
  close(): void {
    this.readline.close();
    this.keyboard.destroy();
  }

  private clear(): void {
    this.readline.write(null, { ctrl: true, name: 'e' });
    this.readline.write(null, { ctrl: true, name: 'u' });
    // A terminal without cursor movement does not support Ctrl+U.
    Object.assign(this.readline, { line: '', cursor: 0 });
    this.options.output.write(this.options.clearedNote);
    this.answer({ kind: 'cleared' });
  }
}
