// How the conversation looks: a coloured mark before what is typed, replies in a colour of their own, everything that the
// program itself says dimmed. Where the terminal has no colours, or NO_COLOR asks for none, only the words remain.

import { visible } from '../../quote.js';
import { headerText } from '../progress.js';

export interface TerminalOutput extends NodeJS.WritableStream {
  /** As of tty.WriteStream, which knows NO_COLOR, FORCE_COLOR and TERM=dumb. */
  hasColors?(): boolean;
}

import { withFlags } from '../flag-names.js';

const styles = { mark: '1;32', reply: '36', note: '2', error: '31' } as const;

type Style = keyof typeof styles;

export class Screen {
  private readonly coloured: boolean;
  /** Whether the cursor stands at the start of a line. */
  private atLineStart = true;

  constructor(private readonly output: TerminalOutput) {
    this.coloured = output.hasColors?.() ?? false;
  }

  /** What stands before a line to be typed. */
  get prompt(): string {
    return this.styled('mark', '> ');
  }

  /** What stands before the lines of a message in `"""`. */
  get continuation(): string {
    return this.styled('note', '... ');
  }

  styled(style: Style, text: string): string {
    return this.coloured ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
  }

  /** A message as it was typed. */
  said(message: string): void {
    this.line(`${this.prompt}${visible(message)}`);
  }

  /** The next piece of a reply, written as it comes. Colour ends with every piece, so that none is left behind. */
  piece(text: string): void {
    const shown = visible(text);
    if (shown === '') return;
    this.output.write(this.styled('reply', shown));
    this.atLineStart = shown.endsWith('\n');
  }

  /** Ends a reply: what comes next starts on a line of its own. */
  endReply(): void {
    if (!this.atLineStart) this.output.write('\n');
    this.atLineStart = true;
  }

  /** A sentence of the program's. */
  note(text: string): void {
    this.line(this.styled('note', visible(withFlags(text))));
  }

  error(text: string): void {
    this.line(this.styled('error', visible(withFlags(text))));
  }

  /** Lines that were asked for. */
  text(text: string): void {
    this.line(visible(text));
  }

  /** Pairs as aligned lines. */
  pairs(lines: readonly (readonly [name: string, value: string])[]): void {
    if (lines.length > 0) this.output.write(headerText(lines));
  }

  /** Leaves room before the next prompt. */
  gap(): void {
    this.output.write('\n');
  }

  private line(text: string): void {
    this.endReply();
    this.output.write(`${text}\n`);
  }
}
