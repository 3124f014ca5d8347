// The text of a reply while its tokens arrive, and how much of it may be shown so far. Shown text never changes, so three
// things are held back: an incomplete character, a possible start of a stop string, and white space that may be the end.

/** The part of a tokenizer that is needed here. */
export interface Decoder {
  decode(tokens: ArrayLike<number>): string;
}

const unfinished = /(?<!\ufffd)\ufffd+$/;

export class ReplyText {
  /** The text shown so far; in the end, the reply. */
  text = '';
  /** Whether a stop string has ended the reply. */
  stopped = false;
  private readonly tokens: number[] = [];
  /** The decoded text without the part that further tokens may change. */
  private settled = '';
  /** No stop string begins before this index of `settled`. */
  private clear = 0;

  /** @param stop none empty. */
  constructor(
    private readonly decoder: Decoder,
    private readonly stop: readonly string[],
  ) {}

  /** @returns the text that can be shown now and could not before; often empty. */
  push(token: number): string {
    if (this.stopped) return '';
    this.tokens.push(token);
    // The first bytes of a character decode to U+FFFD until the last byte has arrived.
    this.settle(this.decoder.decode(this.tokens).replace(unfinished, ''));
    const { settled, stop } = this;
    const place = firstStop(settled, stop, this.clear);
    this.clear = firstBeginning(settled, stop, this.clear);
    // A stop string that begins earlier may still be completed, even if another one was found.
    this.stopped = place <= this.clear && place < settled.length;
    return this.show(settled.slice(0, Math.min(place, this.clear)));
  }

  /**
   * Ends the reply after the last token.
   * @returns the rest of the text: U+FFFD for a character that stayed incomplete, and no trailing white space.
   */
  finish(): string {
    if (this.stopped) return '';
    this.settle(this.decoder.decode(this.tokens));
    const place = firstStop(this.settled, this.stop, this.clear);
    this.stopped = place < this.settled.length;
    return this.show(this.settled.slice(0, place));
  }

  /** Accepts the decoded text. A change of earlier text, which unusual decoders may cause, is ignored. */
  private settle(decoded: string): void {
    if (decoded.startsWith(this.settled)) this.settled = decoded;
  }

  private show(certain: string): string {
    const text = certain.trim();
    const piece = text.slice(this.text.length);
    this.text = text;
    return piece;
  }
}

/** The index of the first stop string from `from` on; the length of the text when there is none. */
function firstStop(text: string, stop: readonly string[], from: number): number {
  const places = stop.map((end) => text.indexOf(end, from)).filter((place) => place >= 0);
  return Math.min(text.length, ...places);
}

/** The index, from `from` on, at which the text ends with the start of a stop string; its length when it does not. */
function firstBeginning(text: string, stop: readonly string[], from: number): number {
  const longest = Math.max(0, ...stop.map((end) => end.length));
  let place = Math.max(from, text.length - longest + 1);
  const begins = (end: string) => end.length > text.length - place && end.startsWith(text.slice(place));
  while (place < text.length && !stop.some(begins)) place++;
  return place;
}
