// A list of lists of dialogue indices in two flat arrays: millions of small JavaScript arrays would take several times as
// much memory.

export class Lists {
  /** @param starts where each list begins in `items`, and where the last one ends. */
  constructor(
    private readonly starts: Int32Array,
    private readonly items: Int32Array,
  ) {}

  get length(): number {
    return this.starts.length - 1;
  }

  /** A view of one list. @param index in [0, length). */
  at(index: number): Int32Array {
    return this.items.subarray(this.starts[index], this.starts[index + 1]);
  }

  *[Symbol.iterator](): Generator<Int32Array> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}
