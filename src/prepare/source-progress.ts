// How far cleaning the sources has come, in bytes. Where all speakers must be known first, a source is read before it is cleaned,
// and each counts as half.

export type PrepareEvent =
  | {
      readonly kind: 'sources';
      /** Bytes that are done, of all sources. */
      readonly done: number;
      readonly total: number;
      /** Dialogues that were given to be cleaned. */
      readonly dialogues: number;
    }
  | { readonly kind: 'stage'; readonly stage: Stage; readonly dialogues: number };

/** What follows once all sources are clean. */
export type Stage = 'duplicates' | 'rules' | 'suspicious' | 'split' | 'writing';

export type Watch = (event: PrepareEvent) => void;

/** One event for this many dialogues. */
const dialoguesPerEvent = 500;

export class SourceProgress {
  private finished = 0;
  private dialogues = 0;
  /** Of the current source. */
  private bytes = 0;
  private readonly read = new Map<string, number>();
  private taken = 0;
  private expected: number | undefined;

  constructor(
    private readonly total: number,
    /** Whether a source is read as a whole before it is cleaned. */
    private readonly isHalf: boolean,
    private readonly watch: Watch,
  ) {}

  begin(bytes: number): void {
    this.bytes = bytes;
    this.read.clear();
    this.taken = 0;
    this.expected = undefined;
  }

  /** @param position in a file of the source; it can go back. */
  seen(path: string, position: number): void {
    this.read.set(path, Math.max(position, this.read.get(path) ?? 0));
    this.tell();
  }

  /** The source is read and has this number of dialogues, of which none is cleaned yet. */
  expects(dialogues: number): void {
    this.expected = dialogues;
  }

  take(): void {
    this.dialogues++;
    this.taken++;
    if (this.taken % dialoguesPerEvent === 0) this.tell();
  }

  end(): void {
    this.finished += this.bytes;
    this.begin(0);
    this.tell();
  }

  private tell(): void {
    const read = [...this.read.values()].reduce((sum, position) => sum + position, 0);
    const share = Math.min(1, this.bytes === 0 ? 0 : read / this.bytes);
    const cleaned = this.expected === undefined ? 0 : this.taken / Math.max(1, this.expected);
    const done = this.isHalf ? (share + cleaned) / 2 : share;
    const { total, dialogues } = this;
    this.watch({ kind: 'sources', done: this.finished + done * this.bytes, total, dialogues });
  }
}
