// Lets one after another use what only one can use at a time, in the order in which they asked.

export class Turns {
  private last = Promise.resolve();
  private done = () => {};

  /** Resolves when it is the caller's turn, which lasts until `end`. */
  async take(): Promise<void> {
    const before = this.last;
    let done = () => {};
    this.last = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    this.done = done;
  }

  end(): void {
    this.done();
  }
}
