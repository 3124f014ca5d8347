// The look of the conversation: a coloured prompt, coloured replies, dimmed notes. Without colours (NO_COLOR, a plain
// terminal) only the text remains.

import { visible } from '../../quote.js';
import { headerText } from '../progress.js';

export interface TerminalOutput extends NodeJS.WritableStream {
  /** As in tty.WriteStream, which respects NO_COLOR, FORCE_COLOR and TERM=dumb. */
  hasColors?(): boolean;
}

import { withFlags } from '../flag-names.js';

const styles = { mark: '1;32', reply: '36', note: '2', error: '31' } as const;

type Style = keyof typeof styles;

export class Screen {
  private readonly coloured: boolean;
  /** Whether the cursor is at the start of a line. */
  private atLineStart = true;

  constructor(private readonly output: TerminalOutput) {
    this.coloured = output.hasColors?.() ?? false;
  }

  /** The prompt. */
  get prompt(): string {
    return this.styled('mark', '> ');
  }

  /** The prompt for further lines of a message in `"""`. */
  get continuation(): string {
    return this.styled('note', '... ');
  }

  styled(style: Style, text: string): string {
    return this.coloured ? `\x1b[${styles[style]}m${text}\x1b[0m` : text;
  }

  /** Shows a message as it was typed. */
  said(message: string): void {
    this.line(`${this.prompt}${visible(message)}`);
  }

  /** Writes the next piece of a reply. Colour ends with every piece, so that an interrupted reply leaves none behind. */
  piece(text: string): void {
    const shown = visible(text);
    if (shown === '') return;
    this.output.write(this.styled('reply', shown));
    this.atLineStart = shown.endsWith('\n');
  }

  /** Ends a reply: the next output starts on a new line. */
  endReply(): void {
    if (!this.atLineStart) this.output.write('\n');
    this.atLineStart = true;
  }

  /** Shows a note of the program. */
  note(text: string): void {
    this.line(this.styled('note', visible(withFlags(text))));
  }

  error(text: string): void {
    this.line(this.styled('error', visible(withFlags(text))));
  }

  /** Shows requested text. */
  text(text: string): void {
    this.line(visible(text));
  }

  /** Shows pairs as aligned lines. */
  pairs(lines: readonly (readonly [name: string, value: string])[]): void {
    if (lines.length > 0) this.output.write(headerText(lines));
  }

  /** Leaves an empty line before the next prompt. */
  gap(): void {
    this.output.write('\n');
  }

  private line(text: string): void {
    this.endReply();
    this.output.write(`${text}\n`);
  }
}
