// How far cleaning the sources has come, in bytes. Bytes count once dialogues come from them: before, a file is only looked
// through, for its format and its encoding. Where all speakers must be known first, a source is read before it is cleaned, and
// each counts as half.

export type PrepareEvent =
  | {
      readonly kind: 'sources';
      /** Bytes that are done, of all sources. */
      readonly done: number;
      readonly total: number;
      /** Dialogues that were given to be cleaned. */
      readonly dialogues: number;
      /** The file that is looked through before it is read, and how many of its bytes; null while dialogues come. */
      readonly checking: { readonly path: string; readonly bytes: number } | null;
    }
  | {
      readonly kind: 'stage';
      readonly stage: Stage;
      readonly dialogues: number;
      /** How much of the stage is done, from 0 to 1. */
      readonly share: number;
      /** The rule that is applied, if it is about one. */
      readonly rule?: string;
    };

/** What follows once all sources are clean. */
export type Stage =
  | 'equal'
  | 'shingles'
  | 'similar'
  | 'dropping'
  | 'rule'
  | 'suspicious'
  | 'split'
  | 'writing';

export type Watch = (event: PrepareEvent) => void;

/** One event for this many dialogues. */
const dialoguesPerEvent = 500;

export class SourceProgress {
  private finished = 0;
  private dialogues = 0;
  /** Of the current source. */
  private bytes = 0;
  /** By path, the bytes that dialogues came from. */
  private readonly read = new Map<string, number>();
  /** Where the file is that is read now. */
  private latest = { path: '', position: 0 };
  /** Whether dialogues have come from it since it was opened. */
  private gives = false;
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
    this.gives = false;
    this.taken = 0;
    this.expected = undefined;
  }

  /** @param position in a file of the source; it goes back when the file is opened again. */
  seen(path: string, position: number): void {
    if (path !== this.latest.path || position < this.latest.position) this.gives = false;
    this.latest = { path, position };
    this.tell();
  }

  /** A dialogue was read, from a file that is now at the position seen last. */
  gave(): void {
    const { path, position } = this.latest;
    this.gives = true;
    this.read.set(path, position);
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
    const { path, position: bytes } = this.latest;
    const checking = this.gives || this.expected !== undefined || path === '' ? null : { path, bytes };
    this.watch({ kind: 'sources', done: this.finished + done * this.bytes, total, dialogues, checking });
  }
}
