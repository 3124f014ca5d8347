// Decides whether a file is refused because most of it cannot be read. A single bad record or line is only counted.

import { UserError } from '../errors.js';

/** If the first 100 parts cannot be read, the file is refused without reading the rest. */
const enoughToRefuse = 100;

export class ReadableParts {
  private readable = 0;
  private unreadable = 0;
  private first: UserError | undefined;

  /** @param remedy what to do about parts that cannot be read, as a clause. */
  constructor(private readonly remedy?: string) {}

  get count(): number {
    return this.readable + this.unreadable;
  }

  add(): void {
    this.readable++;
  }

  /** @throws UserError if nothing could be read so far, and enough was tried. */
  refuse(error: UserError): void {
    this.unreadable++;
    this.first ??= error;
    if (this.readable === 0 && this.unreadable >= enoughToRefuse) this.check();
  }

  /** Call after the last part. @throws UserError if at least half of all parts cannot be read: the error of the first one. */
  check(): void {
    if (this.first === undefined || this.unreadable < this.readable) return;
    const others = this.readable === 0 ? '' : ` (${this.unreadable} of ${this.count} records cannot be read)`;
    const advice = this.remedy === undefined ? '' : `; ${this.remedy}`;
    throw new UserError(this.first.code, `${this.first.sentence}${others}${advice}`);
  }
}
