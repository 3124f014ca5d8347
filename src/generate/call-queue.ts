// Runs calls one after the other, in the order in which they came. A call that fails does not keep the next one from running.
// It does not know what the calls do.

export class CallQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** @throws what `work` throws. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }
}
