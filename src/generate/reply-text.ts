// The text of a reply while its tokens come: what of it may be shown so far. What was shown never changes, so three things
// wait for more: half a character, what may become a stop string, and white space that may turn out to be the end.

/** The part of a tokenizer that is used here. */
export interface Decoder {
  decode(tokens: ArrayLike<number>): string;
}

const unfinished = /\ufffd+$/;

export class ReplyText {
  /** What was shown: in the end the reply. */
  text = '';
  /** Whether a stop string ended the reply: nothing comes after it. */
  stopped = false;
  private readonly tokens: number[] = [];
  /** What the tokens decode to but for what more tokens may change. */
  private settled = '';
  /** No stop string begins before this place of `settled`. */
  private clear = 0;

  /** @param stop none empty. */
  constructor(
    private readonly decoder: Decoder,
    private readonly stop: readonly string[],
  ) {}

  /** @returns what can be shown now that was not before; often nothing. */
  push(token: number): string {
    if (this.stopped) return '';
    this.tokens.push(token);
    // A character's first bytes decode to U+FFFD until the last has come.
    this.settle(this.decoder.decode(this.tokens).replace(unfinished, ''));
    const { settled, stop } = this;
    const place = firstStop(settled, stop, this.clear);
    this.clear = firstBeginning(settled, stop, this.clear);
    // An earlier stop string may still come to its end, whatever was found.
    this.stopped = place <= this.clear && place < settled.length;
    return this.show(settled.slice(0, Math.min(place, this.clear)));
  }

  /**
   * After the last token.
   * @returns what is left to show: U+FFFD for a character that never became whole, no white space at the end.
   */
  finish(): string {
    if (this.stopped) return '';
    this.settle(this.decoder.decode(this.tokens));
    const place = firstStop(this.settled, this.stop, this.clear);
    this.stopped = place < this.settled.length;
    return this.show(this.settled.slice(0, place));
  }

  /** Takes what the tokens decode to. A decoder that takes back what it gave before, as strange ones may, is not heard. */
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

/** Where the first stop string from `from` on begins; the length of the text where none does. */
function firstStop(text: string, stop: readonly string[], from: number): number {
  const places = stop.map((end) => text.indexOf(end, from)).filter((place) => place >= 0);
  return Math.min(text.length, ...places);
}

/** Where, from `from` on, the text ends in the beginning of a stop string; its length where it does not. */
function firstBeginning(text: string, stop: readonly string[], from: number): number {
  const longest = Math.max(0, ...stop.map((end) => end.length));
  let place = Math.max(from, text.length - longest + 1);
  const begins = (end: string) => end.length > text.length - place && end.startsWith(text.slice(place));
  while (place < text.length && !stop.some(begins)) place++;
  return place;
}
